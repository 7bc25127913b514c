/** Waits until a program's output holds these words. @throws {Error} when it ends without. */
export function untilSaid(output: NodeJS.ReadableStream | undefined, words: string): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    output?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(words)) resolve();
    });
    output?.once('end', () => reject(new Error(`"${words}" was never said:\n${text}`)));
  });
}
