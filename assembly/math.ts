// Elementary functions of a vector in either precision, with stated error bounds. One ulp is the distance to the next
// floating-point number at the size of the result; no function overflows or underflows before its result does.

export { exp, expm1, logisticPdf, sigmoid, tanh } from "./math/exponential";
export { log, log1p } from "./math/logarithm";
export { erf, normalCdf, normalPdf } from "./math/normal";
