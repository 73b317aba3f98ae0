// Array kernels around assembly/math.ts, for test/math.test.ts: y[i] = f(x[i]) over n elements, n a multiple of the
// lanes.
import { at, lanes } from "../../assembly/lanes";
import { erf, exp, expm1, log, log1p, logisticPdf, normalCdf, normalPdf, sigmoid, tanh } from "../../assembly/math";

function expOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), exp<T>(v128.load(x + at<T>(i))));
}

export function sexp(n: i32, x: usize, y: usize): void {
  expOf<f32>(n, x, y);
}

export function dexp(n: i32, x: usize, y: usize): void {
  expOf<f64>(n, x, y);
}

function expm1Of<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), expm1<T>(v128.load(x + at<T>(i))));
}

export function sexpm1(n: i32, x: usize, y: usize): void {
  expm1Of<f32>(n, x, y);
}

export function dexpm1(n: i32, x: usize, y: usize): void {
  expm1Of<f64>(n, x, y);
}

function logOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), log<T>(v128.load(x + at<T>(i))));
}

export function slog(n: i32, x: usize, y: usize): void {
  logOf<f32>(n, x, y);
}

export function dlog(n: i32, x: usize, y: usize): void {
  logOf<f64>(n, x, y);
}

function log1pOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), log1p<T>(v128.load(x + at<T>(i))));
}

export function slog1p(n: i32, x: usize, y: usize): void {
  log1pOf<f32>(n, x, y);
}

export function dlog1p(n: i32, x: usize, y: usize): void {
  log1pOf<f64>(n, x, y);
}

function tanhOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), tanh<T>(v128.load(x + at<T>(i))));
}

export function stanh(n: i32, x: usize, y: usize): void {
  tanhOf<f32>(n, x, y);
}

export function dtanh(n: i32, x: usize, y: usize): void {
  tanhOf<f64>(n, x, y);
}

function sigmoidOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), sigmoid<T>(v128.load(x + at<T>(i))));
}

export function ssigmoid(n: i32, x: usize, y: usize): void {
  sigmoidOf<f32>(n, x, y);
}

export function dsigmoid(n: i32, x: usize, y: usize): void {
  sigmoidOf<f64>(n, x, y);
}

function logisticPdfOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), logisticPdf<T>(v128.load(x + at<T>(i))));
}

export function slogisticPdf(n: i32, x: usize, y: usize): void {
  logisticPdfOf<f32>(n, x, y);
}

export function dlogisticPdf(n: i32, x: usize, y: usize): void {
  logisticPdfOf<f64>(n, x, y);
}

function erfOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), erf<T>(v128.load(x + at<T>(i))));
}

export function serf(n: i32, x: usize, y: usize): void {
  erfOf<f32>(n, x, y);
}

export function derf(n: i32, x: usize, y: usize): void {
  erfOf<f64>(n, x, y);
}

function normalCdfOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), normalCdf<T>(v128.load(x + at<T>(i))));
}

export function snormalCdf(n: i32, x: usize, y: usize): void {
  normalCdfOf<f32>(n, x, y);
}

export function dnormalCdf(n: i32, x: usize, y: usize): void {
  normalCdfOf<f64>(n, x, y);
}

function normalPdfOf<T>(n: i32, x: usize, y: usize): void {
  for (let i: i32 = 0; i < n; i += lanes<T>()) v128.store(y + at<T>(i), normalPdf<T>(v128.load(x + at<T>(i))));
}

export function snormalPdf(n: i32, x: usize, y: usize): void {
  normalPdfOf<f32>(n, x, y);
}

export function dnormalPdf(n: i32, x: usize, y: usize): void {
  normalPdfOf<f64>(n, x, y);
}
