// What a file begins with: whether it is text, and a header that shows what stands between fields.
import { separatorIn } from "./separator.js";

/** Byte order marks; text in UTF-16 has zeros. */
const UTF8 = Buffer.from([0xef, 0xbb, 0xbf]);
const UTF16 = Buffer.from([0xff, 0xfe]);
/** Bytes in which a header ends. */
const LONGEST_HEADER = 2 ** 16;

/**
 * Reads as much of a file as shows its header.
 *
 * @returns the separator, whether there is a byte order mark, and all bytes from the first one on, to be read once
 */
export async function readBeginning(source: AsyncIterable<Buffer>) {
  const chunks = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let header: string | undefined;
  while (header === undefined && head.length < LONGEST_HEADER) {
    const { done, value } = await chunks.next();
    if (!done) head = Buffer.concat([head, value]);
    // What counts here is ASCII, byte by byte also in UTF-16.
    header = unquotedHeader(head.toString("latin1") + (done ? "\n" : ""));
    if (done) break;
  }
  const separator = separatorIn(header ?? "");
  const isUtf16 = head.indexOf(UTF16) === 0;
  const isText = isUtf16 || !head.includes(0);
  const isMarked = isUtf16 || head.indexOf(UTF8) === 0;
  return { separator, isText, isMarked, bytes: allOf(head, { [Symbol.asyncIterator]: () => chunks }) };
}

/** The first line that is not blank, without what is quoted; undefined where it goes on behind the text. */
function unquotedHeader(text: string): string | undefined {
  return /^[^\t -~]*((?:"[^"]*"|[^"\r\n])+)[\r\n]/.exec(text)?.[1]?.replace(/"[^"]*"/g, "");
}

async function* allOf(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}
