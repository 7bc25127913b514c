import type { Directive } from './nginx-syntax.js';

/** Read as they stand, wherever in a word: no blank, quote, brace or semicolon, nor what begins a comment. */
const plain = /^(?:[\w./:=~^*|+?,@%&!<>()[\]$-]|\$\{\w+\}|\\(?=[\w.*+?()[\]$^|/-])(?![trn]|\$\{))+$/;

/**
 * Directives as a text that nginx reads the same: what {@link parseNginx} makes of it is what went in. Comments are not among
 * directives, so none come back.
 */
export function printNginx(directives: readonly Directive[], indent = ''): string {
  return directives.map((directive) => printDirective(directive, indent)).join('');
}

function printDirective({ name, args, block }: Directive, indent: string): string {
  if (block === null && name.endsWith('_by_lua_block')) {
    return `${indent}${[name, ...args.slice(0, -1).map(word), `{${args.at(-1) ?? ''}}`].join(' ')}\n`;
  }
  const head = `${indent}${[name, ...args].map(word).join(' ')}`;
  return block === null ? `${head};\n` : `${head} {\n${printNginx(block, `${indent}    `)}${indent}}\n`;
}

/** Within quotes only a quote and a backslash are anything else than themselves. */
function word(text: string): string {
  return plain.test(text) ? text : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
