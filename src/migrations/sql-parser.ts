import { parse, type ParserOptions, type Statement } from 'sql-parser-cst';

const options: ParserOptions = {
  dialect: 'sqlite',
  paramTypes: ['?', '?nr', ':name', '@name', '$name'],
};

export type ParsedSql =
  | { readonly statement: Statement }
  /** Where in the text the parser stopped. */
  | { readonly line: number; readonly column: number };

/** One statement of SQLite's dialect. */
export function parseSql(text: string): ParsedSql {
  try {
    const statement = parse(text, options).statements.find(({ type }) => type !== 'empty');
    return statement ? { statement } : { line: 1, column: 1 };
  } catch (error) {
    // Also a nesting that is too deep for its stack: whatever it cannot read is reported, never thrown.
    const place = /^--> .*:(\d+):(\d+)$/m.exec(error instanceof Error ? error.message : '');
    return { line: Number(place?.[1] ?? 1), column: Number(place?.[2] ?? 1) };
  }
}
