// The command line as users run it: dist/cli.js in a process of its own, on real tables and on broken ones.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { readBeginning } from "../src/cli/beginning.js";
import { parseDescription } from "../src/cli/description.js";
import { short } from "../src/cli/messages.js";
import { scoresOf } from "../src/cli/scores.js";

import { csvLine, openTable } from "../src/cli/table.js";
import { Network } from "../src/index.js";
import { decodeModel } from "../src/onnx/messages.js";
import { fromOnnx } from "../src/onnx.js";

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const DATA = fileURLToPath(new URL("fixtures/data", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lanegrad-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  code: number | null;
  out: string;
  err: string;
}

interface Options {
  input?: string;
  /** Called with all that was printed so far. */
  onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

function lanegrad(args: readonly string[], { input, onOutput }: Options = {}): Promise<Result> {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder });
  const result: Result = { code: null, out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    result.out += text;
    onOutput?.(result.out, (signal) => child.kill(signal));
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    result.err += text;
  });
  child.stdin.end(input ?? "");
  return new Promise((resolve) => child.on("close", (code) => resolve({ ...result, code })));
}

/** What a command prints that must succeed and not complain. */
async function ok(...args: string[]): Promise<string> {
  const { code, out, err } = await lanegrad(args);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).not.toMatch(/undefined|\[object|\bNaN\b(?!, null)/);
  if (args[0] === "predict") return out;
  for (const line of out.split("\n")) if (!line.includes("npx lanegrad")) expect(line.length).toBeLessThanOrEqual(80);
  return out;
}

/** The message of a command that must fail by the user's fault. */
async function fails(...args: string[]): Promise<string> {
  const { code, err } = await lanegrad(args);
  expect({ code, stack: / {4}at /.test(err) }).toEqual({ code: 1, stack: false });
  return err;
}

function file(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return name;
}

function read(name: string): Buffer {
  return readFileSync(join(folder, name));
}

function rowsOf(text: string): string[][] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
}

/** Iris with the names of the species, and a column of texts that tells nothing. */
function namedIris(): string {
  const names = ["setosa", "versicolor", "virginica"];
  const [header, ...rows] = rowsOf(readFileSync(join(DATA, "iris.csv"), "utf8"));
  const lines = rows.map((row, index) => [...row.slice(0, 4), names[Number(row[4])], index % 3 === 0 ? "red" : "blue"]);
  return [[...(header as string[]).slice(0, 4), "species", "color"], ...lines].map((line) => line.join(",")).join("\n");
}

/** Two numbers and a class that follows from them. */
function smallTable(rows = 40, edit: (line: string, index: number) => string = (line) => line): string {
  const lines = Array.from({ length: rows }, (_, i) =>
    edit(`${i % 7},${(i * 3) % 5},${i % 2 === 0 ? "even" : "odd"}`, i),
  );
  return `a,b,kind\n${lines.join("\n")}\n`;
}

const QUICK = ["--epochs", "3", "--out", "quick.safetensors"];

describe("train, evaluate and predict", () => {
  test("wine: numbers that are classes", async () => {
    const said = await ok("train", join(DATA, "wine.csv"), "--target", "target", "--out", "wine.safetensors");
    expect(said).toMatch(/classification, as it holds only 3 different whole numbers/);
    expect(said).toContain("3 classes: 0 (59), 1 (71), 2 (48)");
    expect(said).toContain("142 to train, 36 to validate");
    expect(said).toContain("npx lanegrad predict wine.safetensors");

    const score = await ok("evaluate", "wine.safetensors", join(DATA, "wine.csv"));
    const right = Number(/(\d+) of 178 rows/.exec(score)?.[1]);
    expect(right).toBeGreaterThan(170);

    const table = rowsOf(await ok("predict", "wine.safetensors", join(DATA, "wine.csv"), "--probabilities"));
    const [header, ...rows] = table as [string[], ...string[][]];
    expect(header.slice(13)).toEqual(["target", "predicted_target", "probability_0", "probability_1", "probability_2"]);
    expect(rows.length).toBe(178);
    expect(rows.filter((row) => row[13] === row[14]).length).toBe(right);
    for (const row of rows) {
      const probabilities = row.slice(15).map(Number);
      expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      expect(probabilities[Number(row[14])]).toBe(Math.max(...probabilities));
    }
  });

  test("diabetes: numbers in their own units, also by the library alone", async () => {
    const path = join(DATA, "diabetes.csv");
    const said = await ok("train", path, "--target", "target", "--out", "diabetes.safetensors");
    expect(said).toContain("regression, as it holds 214 different numbers");
    expect(Number(/R² ([\d.]+) \(88 validation rows\)/.exec(said)?.[1])).toBeGreaterThan(0.3);

    const [, ...rows] = rowsOf(await ok("predict", "diabetes.safetensors", path));
    const score = await ok("evaluate", "diabetes.safetensors", path);
    const squares = rows.map((row) => (Number(row[10]) - Number(row[11])) ** 2);
    const rmse = Math.sqrt(squares.reduce((a, b) => a + b) / rows.length);
    expect(score).toContain(`RMSE ${Number(rmse.toPrecision(4))}, `);

    const net = await readNetwork("diabetes.safetensors");
    const outputs = net.predict(rows.map((row) => row.slice(0, 10).map(Number)));
    for (const [index, row] of rows.entries()) expect(outputs[index]).toBeCloseTo(Number(row[11]), 3);
  });

  test("text classes, a text column, a column left out; columns are found by name", async () => {
    file("iris.csv", namedIris());
    const said = await ok("train", "iris.csv", "--target", "species", "--ignore", "sepal_width_cm");
    expect(said).toContain("species: classification, as it holds texts");
    expect(said).toContain("3 classes: setosa (50), versicolor (50), virginica (50)");
    expect(said).toContain("1 text, an input for each value: color (2)");
    expect(said).toContain("sepal_width_cm (--ignore)");
    file("new.csv", 'note,color,petal_width_cm,petal_length_cm,sepal_length_cm\n"a ""b"", c",red,0.2,1.4,5.1\n');
    expect(await ok("predict", "model.safetensors", "new.csv")).toBe(
      'note,color,petal_width_cm,petal_length_cm,sepal_length_cm,predicted_species\n"a ""b"", c",red,0.2,1.4,5.1,setosa\n',
    );
    expect(await ok("evaluate", "model.safetensors", "iris.csv")).toMatch(/1[34]\d of 150 rows/);
  });

  test("the same seed gives the same file, another seed another", async () => {
    const args = ["train", join(DATA, "iris.csv"), "--target", "target", "--epochs", "4", "--dropout", "0.1"];
    await ok(...args, "--out", "first.safetensors");
    await ok(...args, "--out", "second.safetensors");
    await ok(...args, "--out", "third.safetensors", "--seed", "1");
    expect(read("first.safetensors").equals(read("second.safetensors"))).toBe(true);
    expect(read("first.safetensors").equals(read("third.safetensors"))).toBe(false);
  });

  test("no validation, no hidden layer, each optimizer", async () => {
    for (const optimizer of ["adam", "adamw", "rmsprop", "adagrad", "sgd"]) {
      const args = ["--optimizer", optimizer, "--hidden", "none", "--validation", "0", "--l2", "0.001"];
      const said = await ok("train", join(DATA, "iris.csv"), "--target", "target", ...QUICK, ...args);
      expect(said).toContain(`4-3, linear, 15 parameters`);
      expect(said).toMatch(/of 150 training rows/);
    }
  });

  test("--task and --text overrule what columns look like", async () => {
    const said = await ok("train", join(DATA, "wine.csv"), "--target", "target", "--task", "regression", ...QUICK);
    expect(said).toMatch(/Target {3}target: regression\n/);
    const codes = file("codes.csv", smallTable(40));
    expect(await ok("train", codes, "--target", "kind", "--text", "a", ...QUICK)).toContain("a (7)");
    expect(await fails("train", codes, "--target", "kind", "--task", "regression")).toContain("has no regression");
  });

  test("predictions go to a file in one piece, also onto the table itself", async () => {
    const table = file("own.csv", smallTable());
    await ok("train", table, "--target", "kind", ...QUICK);
    const { code, out, err } = await lanegrad(["predict", "quick.safetensors", table, "--out", table]);
    expect({ code, out, err }).toEqual({ code: 0, out: "", err: "40 predictions written to own.csv\n" });
    expect(rowsOf(read(table).toString())[0]).toEqual(["a", "b", "kind", "predicted_kind"]);
    const before = read(table);
    expect(await fails("predict", "quick.safetensors", table, "--out", table)).toContain('"predicted_kind" already');
    const broken = file("broken.csv", "a,b\n1,2\nx,2\n");
    await fails("predict", "quick.safetensors", broken, "--out", table);
    expect(read(table).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("the table may come from the standard input", async () => {
    const { code, out } = await lanegrad(["train", "-", "--target", "kind", ...QUICK], { input: smallTable() });
    expect(code).toBe(0);
    expect(out).toContain("stdin, 40 rows");
  });
});

async function readNetwork(name: string): Promise<Network> {
  return Network.fromSafetensors(read(name));
}

describe("missing values", () => {
  const holes = smallTable(40, (line, index) => (index === 4 ? ",2,even" : index === 9 ? "3,4,NA" : line));

  test("are an error that names line and column", async () => {
    const table = file("holes.csv", holes);
    const message = await fails("train", table, "--target", "kind");
    expect(message).toMatch(
      /^lanegrad: holes\.csv:6: column "a" is empty \(use --missing mean .*--missing drop .*--ignore a /,
    );
  });

  test("are filled with means, rows without a target left out; the network does so too", async () => {
    const table = file("holes.csv", holes);
    const said = await ok("train", table, "--target", "kind", "--missing", "mean", ...QUICK);
    expect(said).toContain("39 rows; 1 row with missing values left out");
    expect(said).toContain("1 missing value filled");
    const rows = rowsOf(await ok("predict", "quick.safetensors", table));
    expect(rows.length).toBe(41);
    expect(await ok("evaluate", "quick.safetensors", table)).toContain("39 rows; 1 row with missing values left out");
    expect(await fails("predict", "quick.safetensors", table, "--missing", "error")).toContain("holes.csv:6");
  });

  test("in all rows are told with the column that lacks most", async () => {
    const empty = smallTable(40, (line, index) => line.replace(/\d,(\d)/, (_, b) => `,${index === 3 ? "" : b}`));
    const table = file("empty.csv", empty);
    expect(await fails("train", table, "--target", "kind", "--missing", "drop")).toBe(
      'lanegrad: empty.csv has no rows without missing values; most are missing in column "a"\n',
    );
    expect(await fails("train", table, "--target", "a", "--missing", "mean")).toContain('missing in column "a"');
    const said = await ok("train", table, "--target", "kind", "--missing", "mean", ...QUICK);
    expect(said).toContain("left out: a (constant)");
    expect(said).toContain("1 missing value filled");
  });

  test("leave rows out", async () => {
    const table = file("holes.csv", holes);
    expect(await ok("train", table, "--target", "kind", "--missing", "drop", ...QUICK)).toContain(
      "38 rows; 2 rows with",
    );
    expect(await fails("predict", "quick.safetensors", table)).toContain("holes.csv:6");
    const args = ["predict", "quick.safetensors", table, "--missing", "drop"];
    expect(rowsOf((await lanegrad(args)).out).length).toBe(40);
    const { err } = await lanegrad([...args, "--out", "held.csv"]);
    expect(err).toBe("39 predictions written to held.csv; 1 row with missing values left out\n");
    expect(read("held.csv").toString()).toBe((await lanegrad([...args, "--out", "-"])).out);
  });

  test.each(["", "?", "-", "NA", "<NA>", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL"])(
    "%j is one",
    async (text) => {
      const table = file(
        "marked.csv",
        smallTable(40, (line, index) => (index === 2 ? `${text},1,odd` : line)),
      );
      expect(await ok("train", table, "--target", "kind", "--missing", "drop", ...QUICK)).toContain("39 rows; 1 row");
    },
  );
});

describe("broken tables", () => {
  test.each<[string, string, RegExp]>([
    ["empty", "", /t\.csv is empty/],
    ["header only", "a,kind\n", /t\.csv has no rows/],
    ["one row", "a,kind\n1,x\n", /t\.csv has one row only/],
    ["a short line", "a,b,kind\n1,2,x\n1,2\n", /t\.csv:3: 2 fields, where the header names 3 columns/],
    ["a line of one field", "a,b,kind\n1,2,x\n1\n", /t\.csv:3: 1 field, where the header names 3 columns/],
    ["a long line", "a,kind\n1,x\n\n1,x,3\n", /t\.csv:4: 3 fields, where the header names 2 columns/],
    ["a short line behind line breaks in quotes", 'a,n,kind\n1,"p\nq\n",x\n1,2\n', /t\.csv:5: 2 fields/],
    ["the same with CRLF", 'a,n,kind\r\n1,"p\r\nq\r\n",x\r\n\r\n1,"\r\n"\r\n', /t\.csv:6: 2 fields/],
    ["a stray quote behind CRLF in quotes", 'a,n,kind\r\n1,"p\r\nq",x\r\n1,2"3,x\r\n', /t\.csv:4: a quote in/],
    ["an open quote behind CRLF in quotes", 'a,n,kind\r\n1,"p\r\nq",x\r\n1,"2,x\r\n', /t\.csv:4: a quote .* never/],
    [
      "text among numbers",
      "a,kind\n1,x\n2,y\nlots,x\n",
      /t\.csv:4: column "a" is "lots", where the rows above have numbers \(--text a /,
    ],
    [
      "a number among texts",
      "a,kind\np,x\nq,y\n7,x\n",
      /t\.csv:4: column "a" is "7", where the rows above have texts, such as "p" \(--text a takes .*, --ignore a leaves/,
    ],
    ["text among numbered classes", "a,kind\n1,0\n2,1\n3,two\n", /t\.csv:4: column "kind" .*--task classification/],
    ["a huge number", "a,kind\n1,x\n1e200,y\n", /t\.csv:3: column "a" is "1e200", which is beyond/],
    ["a quote that stays open", 'a,kind\n1,x\n2,"y\n3,x\n', /t\.csv:3: a quote .* never closed/],
    ["a quote in a field", 'a,kind\n1,x\n2,y"z\n', /t\.csv:3: a quote in the middle/],
    ["text behind a quote", 'a,kind\n1,x\n2,"y"z\n', /t\.csv:3: a quote in the middle/],
    ["one class only", "a,kind\n1,x\n2,x\n3,x\n", /the target "kind" is the same in every row/],
    ["nothing to predict from", "a,kind\n1,x\n1,y\n", /no column is left to predict "kind" from/],
    ["columns of one name", "a,kind,a\n1,x,2\n", /t\.csv:1: columns 1 and 3 are both named "a"/],
    ["no header", "1,1,2\n3,4,5\n", /t\.csv:1: columns 1 and 2 .*; the first line is to name the columns/],
    [
      "a decimal comma",
      'a,kind\n"1,5",x\n"2,5",y\n',
      /"1,5", where numbers are plain, as 1234\.5; with --decimal comma it is 1\.5 \(/,
    ],
    [
      "a decimal comma below",
      'a,kind\n1,x\n"1.234,5",y\n',
      /t\.csv:3: column "a" is "1\.234,5", where numbers are plain, as 1234\.5 \(/,
    ],
    ["a decimal comma in the target", 'a,kind\n1,"0,5"\n2,"1,5"\n', /t\.csv:2: .*--decimal comma it is 0\.5\n$/],
    ["a decimal comma below a text", 'a,kind\nnone,x\n"1,5",y\n', /t\.csv:3: column "a" is "1,5", where numbers/],
    ["thousands", "a,kind\n1,x\n1.234.567,y\n", /"1\.234\.567", where numbers are plain/],
    ["thousands between spaces", "a,kind\n1\u202f234,x\n2,y\n", /where numbers are plain/],
    ["a currency", "a,kind\n$1.50,x\n$2,y\n", /"\$1\.50", where numbers are plain/],
    ["percent", "a,kind\n12 %,x\n3 %,y\n", /"12 %", where numbers are plain/],
    [
      "a different text in each row",
      "a,day,kind\n1,Mo,x\n2,Tu,y\n3,We,x\n",
      /column "day" has a different .* --ignore day\n/,
    ],
    ["a mistyped target", "a,Kid,y\n1,x,1\n", /its columns are a, Kid, y; did you mean "Kid"\?\n/],
    ["long names", `a${"b".repeat(99)},c\u001b[2J\n1,2\n`, /its columns are ab{58}…, c\ufffd\[2J\n/],
    ["no header, other columns", "1,x\n2,y\n", /its columns are 1, x; the first line is to name the columns\n/],
    ["infinity in digits", "a,kind\n1,x\n1e999,y\n", /t\.csv:3: column "a" is "1e999", which is beyond/],
    ["a long field", `a,kind\n1,x\n${"y".repeat(99)},y\n`, /t\.csv:3: column "a" is "y{59}…", where/],
    ["a field that a terminal would obey", "a,kind\n1,x\n\u001b[2J,y\n", /t\.csv:3: column "a" is "\ufffd\[2J", where/],
    ["a name that a shell would cut", "my a,kind\n1,x\ntwo,y\n", /\(--text 'my a' takes/],
    ["a name with a comma", '"my, a",kind\n1,x\ntwo,y\n', /\(--text '"my, a"' takes/],
    ["no such target", "a,b\n1,x\n", /t\.csv has no column "kind"; its columns are a, b/],
    ["another separator", "a, m;sort\n1;x\n", /no column "kind".*; try --separator ";"\n/],
    ["tabs", "a, m\tsort\n1\tx\n", /no column "kind".*; try --separator tab\n/],
  ])("%s", async (_, text, message) => {
    expect(await fails("train", file("t.csv", text), "--target", "kind")).toMatch(message);
  });

  test("too many different texts", async () => {
    const text = smallTable(150, (line, index) => line.replace(/^\d+/, `name ${index}`));
    const message = await fails("train", file("names.csv", text), "--target", "kind");
    expect(message).toContain(
      'names.csv:102: column "a" has more than 100 different texts; leave it out with --ignore a',
    );
  });

  test("unknown columns, files and folders", async () => {
    const table = file("small.csv", smallTable());
    expect(await fails("train", table, "--target", "kind", "--ignore", "x,b,y")).toContain('no columns "x", "y"');
    expect(await fails("train", "absent.csv", "--target", "kind")).toContain(
      "cannot read absent.csv: there is no such",
    );
    expect(await fails("train", ".", "--target", "kind")).toContain("it is a folder");
    expect(await fails("train", table, "--target", "kind", "--out", "none/m.st")).toContain("cannot write none/m.st");
    expect(await fails("train", table, "--target", "")).toContain('no column ""');
    expect(await fails("predict", "absent.st", table)).toContain("cannot read absent.st");
    expect(await fails("predict", table, table)).toContain("small.csv is no model file");
  });

  test("text in another encoding is refused with its line", async () => {
    writeFileSync(join(folder, "latin.csv"), Buffer.from("name,kind\nMüller,x\nMeier,y\n", "latin1"));
    expect(await fails("train", "latin.csv", "--target", "kind")).toContain('latin.csv:2: "M\ufffdller" is not UTF-8');
  });

  test("files that are no text, such as workbooks, are refused", async () => {
    for (const bytes of [
      gzipSync(smallTable()),
      Buffer.from(smallTable(), "utf16le"),
      Buffer.from("PK\u0003\u0004\u0014\0"),
    ]) {
      file("book.xlsx", bytes);
      expect(await fails("train", "book.xlsx", "--target", "kind")).toBe(
        "lanegrad: book.xlsx is no text; save the table as CSV in UTF-8\n",
      );
    }
  });

  test("what is read, folders and devices are not written to", async () => {
    const text = smallTable();
    const table = file("precious.csv", text);
    const train = (out: string) => fails("train", table, "--target", "kind", "--epochs", "1", "--out", out);
    expect(await train("precious.csv")).toContain("cannot write precious.csv: it is what is read");
    symlinkSync(join(folder, table), join(folder, "link.csv"));
    expect(await train("link.csv")).toContain("it is what is read");
    expect(await train("-")).toContain("name a file");
    expect(await train(".")).toBe("lanegrad: cannot write .: it is a folder\n");
    expect(await train("/dev/null")).toContain("cannot write /dev/null: it is no plain file");
    expect(read(table).toString()).toBe(text);
    await ok("train", table, "--target", "kind", ...QUICK);
    const model = read("quick.safetensors");
    expect(await fails("predict", "quick.safetensors", table, "--out", ".")).toContain("it is a folder");
    expect(await fails("predict", "quick.safetensors", table, "--out", "quick.safetensors")).toContain("what is read");
    expect(await fails("export", "quick.safetensors", "quick.safetensors")).toContain("what is read");
    expect(read("quick.safetensors").equals(model)).toBe(true);
  });

  test("a table that does not fit the network", async () => {
    const table = file(
      "small.csv",
      smallTable(40, (line, index) => `${line},${index % 3 === 0 ? "red" : "blue"}`).replace("kind", "kind,color"),
    );
    await ok("train", table, "--target", "kind", ...QUICK);
    const predict = (text: string) => fails("predict", "quick.safetensors", file("other.csv", text));
    expect(await predict("a,c\n1,2\n")).toContain('other.csv has no columns "b", "color"; its columns are a, c');
    expect(await predict("a,b,color\n1,2,red\n1,2,pink\n")).toMatch(
      /other\.csv:3: column "color" is "pink", .*\(blue, red\); --missing mean takes an empty field/,
    );
    expect(await predict("a,b,color\n1,-1e40,red\n")).toContain('other.csv:2: column "b" is "-1e40", which is beyond');
    expect(await predict("a,b,color\n1,x,red\n")).toContain('other.csv:2: column "b" is "x", not a number');
    const unknown = file("other.csv", "a,b,color,kind\n1,2,red,neither\n");
    expect(await fails("evaluate", "quick.safetensors", unknown)).toMatch(
      /column "kind" is "neither", which the network was not trained on \(even, odd\)\n$/,
    );
    expect(await fails("evaluate", "quick.safetensors", file("other.csv", "a,b,color,kind\n"))).toContain("no rows");
  });

  test("numbers that single precision cannot hold once they are standardized", async () => {
    const tiny = smallTable(40, (line, index) => line.replace(/^\d/, `${Math.sin(index)}e-20`));
    await ok("train", file("tiny.csv", tiny), "--target", "kind", ...QUICK);
    const far = file("far.csv", "a,b,kind\n0,1,odd\n1e30,1,odd\n");
    const message = "far.csv:3: the numbers are too far from those that the network was trained on\n";
    expect(await fails("predict", "quick.safetensors", far)).toContain(message);
    expect(await fails("evaluate", "quick.safetensors", far)).toContain(message);
  });

  test("a validation row too far from the training rows", async () => {
    // With two rows, the one that trains has a deviation of 0, which counts as 1.
    const table = file("apart.csv", "a,y\n1e30,p\n1,q\n");
    const args = ["train", table, "--target", "y", "--validation", "0.5", ...QUICK];
    expect(await fails(...args)).toMatch(/apart\.csv: column "a" has (1|1e\+30) in a row, too far from all others/);
  });

  test("a damaged model file is refused, with a message", async () => {
    const table = file("small.csv", smallTable());
    await ok("train", table, "--target", "kind", ...QUICK);
    const whole = read("quick.safetensors");
    writeFileSync(join(folder, "cut.safetensors"), whole.subarray(0, whole.length - 5));
    expect(await fails("predict", "cut.safetensors", table)).toContain("is no model file");
    const text = whole.toString("latin1");
    writeFileSync(join(folder, "odd.safetensors"), Buffer.from(text.replace('\\"fill\\"', '\\"full\\"'), "latin1"));
    expect(await fails("predict", "odd.safetensors", table)).toContain("is no model file");
  });

  test("training that diverges says so", async () => {
    const args = ["--learning-rate", "1e30", "--optimizer", "sgd"];
    const message = await fails("train", join(DATA, "diabetes.csv"), "--target", "target", ...QUICK, ...args);
    expect(message).toContain("training diverged");
  });
});

describe("forms of CSV", () => {
  const plain = smallTable();
  test.each<[string, string | Buffer, string[]]>([
    ["a byte order mark", `\ufeff${plain}`, []],
    ["CRLF", plain.replaceAll("\n", "\r\n"), []],
    ["CR", plain.replaceAll("\n", "\r"), []],
    ["mixed line ends, blank lines", plain.replace("\n", "\r\n").replaceAll("even\n", "even\n\r\n   \n"), []],
    ["no line end", plain.trimEnd(), []],
    ["spaces around fields", plain.replaceAll(",", " , "), []],
    ["quotes", plain.replace(/[^,\n]+/g, '"$&"'), []],
    ["tabs", plain.replaceAll(",", "\t"), []],
    ["semicolons", plain.replaceAll(",", ";"), []],
    ["semicolons and quotes", plain.replaceAll(",", ";").replace(/[^;\n]+/g, '"$&"'), []],
    ["semicolons below blank lines", `\ufeff\r\n\r\n${plain.replaceAll(",", ";")}`, []],
    ["bars", plain.replaceAll(",", "|"), []],
    ["colons", plain.replaceAll(",", ":"), ["--separator", ":"]],
    ["UTF-16 and tabs", Buffer.from(`\ufeff${plain.replaceAll(",", "\t")}`, "utf16le"), []],
    ["decimal commas", plain.replaceAll(",", ";").replace(/\d+/g, "$&,0"), ["--decimal", "comma"]],
  ])("%s give the same network", async (_, text, args) => {
    await ok("train", file("plain.csv", plain), "--target", "kind", "--epochs", "2", "--out", "plain.safetensors");
    await ok(
      "train",
      file("form.csv", text),
      "--target",
      "kind",
      "--epochs",
      "2",
      "--out",
      "form.safetensors",
      ...args,
    );
    expect(read("form.safetensors").equals(read("plain.safetensors"))).toBe(true);
  });

  test("a table with semicolons and decimal commas stays so", async () => {
    const lines = smallTable().replaceAll(",", ";").replace(/\d+/g, "$&,25");
    const said = await ok("train", file("excel.csv", lines), "--target", "a", "--decimal", "comma", ...QUICK);
    expect(said).toContain('excel.csv, 40 rows, separated by ";"');
    expect(said).toContain("from 0.25 to 6.25");
    expect(said).toContain("npx lanegrad predict quick.safetensors excel.csv --decimal comma\n");
    const [header, ...rows] = (await ok("predict", "quick.safetensors", "excel.csv", "--decimal", "comma"))
      .trimEnd()
      .split("\n");
    expect(header).toBe("a;b;kind;predicted_a");
    for (const row of rows) expect(row).toMatch(/^\d,25;\d,25;(even|odd);-?\d+,\d+$/);
    const mean = rows.reduce((sum, row) => sum + Number(row.split(";")[3]?.replace(",", ".")), 0) / rows.length;
    const score = await ok("evaluate", "quick.safetensors", "excel.csv", "--decimal", "comma");
    expect(score).toContain('excel.csv, 40 rows, separated by ";"');
    const plain = file("point.csv", lines.replaceAll(",", "."));
    expect(score.replace("excel", "point")).toBe(await ok("evaluate", "quick.safetensors", plain));
    const points = rowsOf(await ok("predict", "quick.safetensors", plain)).slice(1);
    const same = points.reduce((sum, [row]) => sum + Number(row?.split(";")[3]), 0) / points.length;
    expect(mean).toBeCloseTo(same, 10);
    const refused = ["predict", "quick.safetensors", plain, "--decimal", "comma"];
    expect(await fails(...refused)).toMatch(
      /point\.csv:2: column "b" is "0\.25", where numbers are plain, as 1234,5\n$/,
    );
    const advised = await fails("predict", "quick.safetensors", "excel.csv");
    expect(advised).toContain('excel.csv:2: column "b" is "0,25", where numbers are plain');
    expect(advised).toMatch(/; with --decimal comma it is 0\.25\n$/);
  });

  test("a byte order mark stays, as spreadsheets know UTF-8 by it", async () => {
    const plain = file("plain.csv", smallTable());
    await ok("train", plain, "--target", "kind", ...QUICK);
    const predicted = await ok("predict", "quick.safetensors", plain);
    expect(predicted).toMatch(/^a,b,kind,predicted_kind\n/);
    for (const encoding of ["utf8", "utf16le"] as const) {
      const marked = file("marked.csv", Buffer.from(`\ufeff${smallTable()}`, encoding));
      expect(await ok("predict", "quick.safetensors", marked)).toBe(`\ufeff${predicted}`);
    }
  });

  test.each<[string, string]>([
    ["a,b;c\td", ","],
    ['"a,b";"c\td"', ";"],
    ['"a, ""b"" ;",\tc', ","],
    ["\ta\tb", "\t"],
    ["a;b|c", ";"],
    ['"a;b', ","],
    ["a", ","],
    ["", ","],
  ])("the header %j has the separator %j, in whatever pieces it comes", async (header, separator) => {
    for (const text of [header, `${header}\n`, `\r\n${header}\r\n1,2;3|4\t5\n`]) {
      const bytes = Buffer.from(text);
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 4 }), async (cuts) => {
          const ends = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const pieces = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
          const found = await readBeginning(Readable.from(pieces));
          expect(found.separator).toBe(separator);
          const read: Buffer[] = [];
          for await (const piece of found.bytes) read.push(piece);
          expect(Buffer.concat(read).toString()).toBe(text);
        }),
        { numRuns: 20 },
      );
    }
  });

  test("names with commas are given in quotes", async () => {
    const table = file("names.csv", smallTable().replace("a,b,kind", '"my, ""a""",b,kind'));
    expect(await ok("train", table, "--target", "kind", "--ignore", '"my, ""a"""', ...QUICK)).toContain(
      'left out: my, "a" (--ignore)',
    );
  });

  test("columns without a name are left out, as those that other programs number rows with", async () => {
    const lines = smallTable().trimEnd().split("\n");
    file("numbered.csv", lines.map((line, index) => (index === 0 ? `,${line},` : `${index},${line},`)).join("\n"));
    expect(await ok("train", "numbered.csv", "--target", "kind", ...QUICK)).toContain(
      "left out: 2 columns without a name",
    );
    const [header, first] = rowsOf(await ok("predict", "quick.safetensors", "numbered.csv"));
    expect(header).toEqual(["", "a", "b", "kind", "", "predicted_kind"]);
    expect(first?.slice(0, 5)).toEqual(["1", "0", "0", "even", ""]);
  });

  test("what is written is read as it was, whatever it holds", async () => {
    const path = join(folder, "any.csv");
    const field = fc.string({ unit: fc.constantFrom("a", "é", "🙂", " ", '"', ",", ";", "\n", "\r", "\t") });
    const rows = fc.array(fc.tuple(field, field, field), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom(",", ";", "\t"), async (written, separator) => {
        writeFileSync(path, [["x", "y", "z"], ...written].map((row) => csvLine(row, separator)).join(""));
        const read: string[][] = [];
        for await (const { fields } of (await openTable(path, { separator, decimal: "." })).rows)
          read.push([...fields]);
        expect(read).toEqual(written);
      }),
      { numRuns: 200 },
    );
  });
});

test("a long table is streamed: 100,000 rows", async () => {
  const rows = 100_000;
  const stream = createWriteStream(join(folder, "long.csv"));
  stream.write("a,b,c,y\n");
  for (let row = 0; row < rows; row++) {
    const [a, b] = [Math.sin(row), Math.cos(3 * row)];
    stream.write(
      `${a.toFixed(5)},${b.toFixed(5)},${row % 3 ? "p" : "q"},${(a * 2 + b + (row % 3 ? 1 : 0)).toFixed(5)}\n`,
    );
  }
  stream.end();
  await finished(stream);
  const said = await ok("train", "long.csv", "--target", "y", "--epochs", "1", "--out", "long.safetensors");
  expect(said).toContain("80,000 to train, 20,000 to validate");
  expect(Number(/R² ([\d.]+)/.exec(said)?.[1])).toBeGreaterThan(0.99);
  const table = rowsOf(await ok("predict", "long.safetensors", "long.csv"));
  expect(table.length).toBe(rows + 1);
  expect(table.every((row) => row.length === 5)).toBe(true);
});

test("Ctrl-C ends training, and the file is written", async () => {
  const args = ["train", join(DATA, "digits.csv"), "--target", "target", "--epochs", "100000", "--patience", "100000"];
  let interrupted = false;
  const { code, out } = await lanegrad([...args, "--out", "stopped.safetensors"], {
    onOutput(text, kill) {
      if (interrupted || !/epoch +1\//.test(text)) return;
      interrupted = true;
      kill("SIGINT");
    },
  });
  expect(code).toBe(0);
  expect(out).toMatch(/Stopped {2}after \d+ epochs?: interrupted; the best was\s+epoch \d+, which is kept/);
  expect(out).toContain("Written to stopped.safetensors");
  expect(await ok("evaluate", "stopped.safetensors", join(DATA, "digits.csv"))).toContain("1,797 rows");
});

test("Ctrl-C ends a prediction, and leaves no part of a file", async () => {
  await ok("train", file("small.csv", smallTable()), "--target", "kind", ...QUICK);
  // Who writes the table does not come to its end.
  const child = spawn(process.execPath, [CLI, "predict", "quick.safetensors", "-", "--out", "never.csv"], {
    cwd: folder,
  });
  const parts = () => readdirSync(folder).filter((name) => name.startsWith("never.csv"));
  child.stdin.on("error", () => {}).write(smallTable());
  await expect.poll(parts).toEqual(["never.csv.part"]);
  child.kill("SIGINT");
  const [code, signal] = await once(child, "close");
  expect({ code, signal, parts: parts() }).toEqual({ code: null, signal: "SIGINT", parts: [] });
});

test("who still writes to the standard input does not keep a command that failed", async () => {
  const child = spawn(process.execPath, [CLI, "train", "-", "--target", "none"], { cwd: folder });
  child.stdin.on("error", () => {}).write(smallTable());
  expect(await once(child, "close")).toEqual([1, null]);
});

describe("help and usage", () => {
  test("each command has its help, in 80 columns", async () => {
    expect(await ok("--help")).toContain("lanegrad train data.csv --target COLUMN [options]");
    for (const command of ["train", "predict", "evaluate", "export", "bench"]) {
      expect(await ok(command, "--help")).toMatch(/^Usage:\n {2}lanegrad /m);
      expect(await ok("help", command)).toBe(await ok(command, "-h"));
    }
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(await ok("--version")).toBe(`${version}\n`);
  });

  test.each<[string[], string]>([
    [
      ["trian"],
      'there is no command "trian"; the commands are train, predict, evaluate, export, bench; did you mean train?\n',
    ],
    [["learn"], 'there is no command "learn"; the commands are train, predict, evaluate, export, bench\n'],
    [["help", "tarin"], 'there is no command "tarin"'],
    [["train"], "data.csv is missing"],
    [["train", "t.csv"], "--target is missing"],
    [["train", "t.csv", "u.csv", "--target", "y"], '"u.csv" is one argument too many'],
    [["train", "t.csv", "--taget", "y"], "Unknown option '--taget'; did you mean --target?\n"],
    [["predict", "m.st", "t.csv", "--prob"], "Unknown option '--prob'; did you mean --probabilities?\n"],
    [["predict", "m.st", "t.csv", "--epochs", "1"], "Unknown option '--epochs'\n"],
    [["train", "t.csv", "--target", "-y"], "To specify an option argument starting with a dash use '--target=-XYZ'.\n"],
    [["train", "t.csv", "--target", "y", "--epochs", "0"], '--epochs expected a whole number ≥ 1, got "0"'],
    [["train", "t.csv", "--target", "y", "--epochs", "many"], '--epochs expected a whole number ≥ 1, got "many"'],
    [["train", "t.csv", "--target", "y", "--validation", "1"], "--validation expected a number ≥ 0 and < 1"],
    [["train", "t.csv", "--target", "y", "--hidden", "8,x"], "--hidden expected whole numbers from 1 to 100000"],
    [["train", "t.csv", "--target", "y", "--activation", "rely"], 'softmax, got "rely"; did you mean relu?\n'],
    [
      ["train", "t.csv", "--target", "y", "--missing", "zero"],
      '--missing expected one of error, mean, drop, got "zero"',
    ],
    [["train", "t.csv", "--target", "y", "--separator", "ab"], "--separator expected one character"],
    [["train", "t.csv", "--target", "y", "--decimal", ","], '--decimal expected one of point, comma, got ","'],
    [["train", "t.csv", "--target", "y", "--ignore", "y"], "--target and --ignore name one column"],
    [["predict", "m.st"], "data.csv is missing"],
  ])("%j is refused with exit code 2", async (args, message) => {
    const { code, out, err } = await lanegrad(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });
});

test.each<[number, string]>([
  [0, "0"],
  [-1.23456, "-1.235"],
  [999.96, "1,000"],
  [1_234_567, "1,235,000"],
  [-9.8765e14, "-987,700,000,000,000"],
  [6.08612e17, "6.086e+17"],
  [1e-9, "1e-9"],
])("%f is shown as %s", (number, text) => {
  expect(short(number)).toBe(text);
});

describe("in a window of", () => {
  const columns = Object.getOwnPropertyDescriptor(process.stdout, "columns");
  afterEach(() =>
    Object.defineProperty(process.stdout, "columns", columns ?? { value: undefined, configurable: true }),
  );

  /** 1000 rows of each class, all of them right. */
  function scores(classes: readonly string[], window: number): string {
    Object.defineProperty(process.stdout, "columns", { value: window, configurable: true });
    const targets = Array.from({ length: 1000 * classes.length }, (_, row) => row % classes.length);
    const outputs = Float64Array.from(targets.flatMap((target) => classes.map((_, index) => +(index === target))));
    return scoresOf({ name: "y", classes }, outputs, targets, "row");
  }

  const ten = Array.from({ length: 10 }, (_, index) => `class ${index}`);

  test.each([
    [40, ["a", "b"], "  true       a     b  ← predicted"],
    [80, ten, "\n             predicted\n  true       cla…  cla…"],
    [30, ["a", "b", "c"], "  true       a     b     c\n  a"],
    [40, ten, "least often right:\n         class 0 100 %, class 1 100 %,\n"],
    [0, ["a", "b"], "← predicted"],
  ])("%i columns no line is longer", (window, classes, part) => {
    const text = scores(classes, window);
    expect(text).toContain(part);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(window || 80);
  });
});

test("an exported network predicts the same, in units of the target", async () => {
  const path = join(DATA, "diabetes.csv");
  await ok("train", path, "--target", "target", "--epochs", "5", "--out", "export.safetensors");
  const said = await ok("export", "export.safetensors", "export.onnx");
  expect(said).toMatch(/x \[rows, 10\]: 0 age, 1 sex, /);
  expect(said).toContain("y [rows, 1]: target");
  expect(onnxTable("export.onnx").target).toEqual({ name: "target" });
  const net = await fromOnnx(read("export.onnx"));
  const [, ...rows] = rowsOf(await ok("predict", "export.safetensors", path));
  const outputs = net.predict(rows.map((row) => row.slice(0, 10).map(Number)));
  for (const [index, row] of rows.entries()) expect(outputs[index]).toBeCloseTo(Number(row[11]), 2);
});

test("an exported file names the classes and columns", async () => {
  const table = file("small.csv", smallTable());
  await ok("train", table, "--target", "kind", ...QUICK);
  expect(await ok("export", "quick.safetensors", "quick.onnx")).toContain("the probabilities of even, odd");
  const { features, target } = onnxTable("quick.onnx");
  expect(target).toEqual({ name: "kind", classes: ["even", "odd"] });
  expect(features.map(({ name }) => name)).toEqual(["a", "b"]);
});

/** What the metadata of an ONNX file say of the columns. */
function onnxTable(name: string) {
  const entry = decodeModel(read(name)).metadata?.find(({ key }) => key === "table");
  return parseDescription(entry?.value as string);
}

test("bench prints figures for each size", async () => {
  const said = await ok("bench");
  expect(said.match(/[\d.,]+ GFLOP\/s/g)?.length).toBe(5);
  expect(said.match(/[\d.,]+ rows\/s +[\d.,]+ µs a row/g)?.length).toBe(3);
});
