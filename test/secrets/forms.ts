function bytesOf(value: string): number[] {
  return [...Buffer.from(value)];
}

function hexadecimal(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

/** Every UTF-16 unit that a test accepts, as `\uXXXX`. */
function withUnits(text: string, which: RegExp): string {
  return text.replace(which, (unit) => String.raw`\u${hexadecimal(unit.charCodeAt(0), 4)}`);
}

const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Python's repr of bytes. */
function pythonBytes(value: string): string {
  return bytesOf(value)
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (byte < 32 || byte > 126) return String.raw`\x${hexadecimal(byte, 2)}`;
      return character === '\\' || character === "'" ? `\\${character}` : character;
    })
    .join('');
}

/** A value as programs print it, by the way in which they do. The value has no control characters. */
export function everyForm(value: string): [string, string][] {
  const json = JSON.stringify(value).slice(1, -1);
  const percent = encodeURIComponent(value);
  const all = (format: (byte: number) => string): string => bytesOf(value).map(format).join('');
  return [
    ['as it is', value],
    ['in a URL', percent],
    ['in a URL, in lower case', percent.replace(/%../g, (code) => code.toLowerCase())],
    ['in a URL, each byte of it', all((byte) => `%${hexadecimal(byte, 2).toUpperCase()}`)],
    ['in a form', new URLSearchParams({ v: value }).toString().slice(2)],
    ['in JSON', json],
    ['in JSON with escaped slashes', json.replaceAll('/', String.raw`\/`)],
    ['in JSON of ASCII alone', withUnits(json, /[^ -~]/g)],
    ["in Go's JSON", withUnits(json, /[<>&]/g)],
    ["in Python's repr", value.replace(/[\\']/g, String.raw`\$&`)],
    [
      "in Python's ascii",
      value
        .replace(/[\\']/g, String.raw`\$&`)
        .replace(/[\u0080-\u00ff]/g, (character) => String.raw`\x${hexadecimal(character.charCodeAt(0), 2)}`)
        .replace(/[^ -~]/gu, (character) =>
          character.length > 1
            ? String.raw`\U${hexadecimal(character.codePointAt(0) ?? 0, 8)}`
            : String.raw`\u${hexadecimal(character.charCodeAt(0), 4)}`,
        ),
    ],
    ["in Python's repr of bytes", pythonBytes(value)],
    ['in octal', all((byte) => `\\${byte.toString(8).padStart(3, '0')}`)],
    ['between quotes of a shell', value.replaceAll("'", String.raw`'\''`)],
    ["between quotes of Python's shlex", value.replaceAll("'", `'"'"'`)],
    ['escaped for a shell', value.replace(/[^\w@%+=:,./-]/gu, String.raw`\$&`)],
    ['between quotes of SQL or YAML', value.replaceAll("'", "''")],
    ['in CSV', value.replaceAll('"', '""')],
    ['in what Compose prints', value.replaceAll('$', '$$$$')],
    ['in HTML', value.replace(/[&<>"']/g, (character) => named[character] ?? character)],
    ['in HTML by numbers', value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)],
    [
      'in HTML by hexadecimal numbers',
      value.replace(/[&<>"']|[^ -~]/gu, (character) => `&#x${(character.codePointAt(0) ?? 0).toString(16)};`),
    ],
    ['in base64', Buffer.from(value).toString('base64')],
    ['in base64 without padding', Buffer.from(value).toString('base64').replace(/=+$/, '')],
    ['in base64 for URLs', Buffer.from(value).toString('base64url')],
    ['in hexadecimal', Buffer.from(value).toString('hex')],
    ['in hexadecimal, in upper case', Buffer.from(value).toString('hex').toUpperCase()],
  ];
}
