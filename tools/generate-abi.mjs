// Writes the entry file of the kernels: each generic kernel below, exported once in single (s…) and once in double (d…)
// precision. The list is the whole ABI; the signatures are read from the kernels' own files.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const abi = {
  blocking: ["workspaceBytes"],
  gemm: ["gemm"],
  affine: ["affine", "delta", "gradient"],
  activation: ["applyActivation", "applyDerivative", "applyCurvature"],
  "activation/softmax": ["softmax", "softmaxBackward", "softmaxCurvature"],
  loss: ["elementwiseLoss", "elementwiseLossCurvature", "softmaxCrossEntropy", "softmaxCrossEntropyCurvature"],
  update: ["sgd", "adagrad", "rmsprop", "adam", "softThreshold"],
  vector: ["transfer", "dot", "axpy", "firstNonFinite", "scale", "clamp", "countZeros", "countMatches", "countSides"],
  random: ["uniform", "normal", "dropout"],
};

/** Kernels over integers, which have no precision. */
const plain = { random: ["shuffle"] };

const precisions = { s: "f32", d: "f64" };
const assembly = new URL("../assembly/", import.meta.url);
const out = new URL("../build/", import.meta.url);

function sourceOf(module) {
  const folder = module === "activation" ? "activation/index" : module;
  return readFileSync(new URL(`${folder}.ts`, assembly), "utf8");
}

/** @returns {{ parameters: string, names: string, result: string }} */
function signatureOf(module, name) {
  const match = sourceOf(module).match(new RegExp(`export function ${name}(?:<T>)?\\(([^)]*)\\): (\\w+) {`));
  if (!match) throw new Error(`no kernel ${name} in ${module}`);
  const parameters = match[1].replace(/\s+/g, " ").replace(/^ |,? $/g, "");
  return { parameters, names: parameters.replace(/: \w+/g, ""), result: match[2] };
}

const lines = ["// Made by tools/generate-abi.mjs; not to be edited."];
for (const [module, names] of Object.entries(abi)) {
  const local = names.map((name) => `${name} as ${name}Of`).join(", ");
  lines.push(`import { ${local} } from "../assembly/${module}";`);
}
lines.push('import { Activation, ElementwiseLoss } from "../assembly/codes";');
for (const [module, names] of Object.entries(plain)) {
  lines.push(`export { ${names.join(", ")} } from "../assembly/${module}";`);
}
for (const [module, names] of Object.entries(abi)) {
  for (const name of names) {
    const signature = signatureOf(module, name);
    for (const [prefix, type] of Object.entries(precisions)) {
      const parameters = signature.parameters.replace(/\bT\b/g, type);
      const result = signature.result === "T" ? type : signature.result;
      lines.push(`export function ${prefix}${name}(${parameters}): ${result} {`);
      lines.push(`  return ${name}Of<${type}>(${signature.names});`);
      lines.push("}");
    }
  }
}

mkdirSync(out, { recursive: true });
writeFileSync(new URL("index.ts", out), `${lines.join("\n")}\n`);
