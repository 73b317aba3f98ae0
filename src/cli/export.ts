// lanegrad export: the network as an ONNX file, for other runtimes.
import { writeFileAtomically } from "../node.js";
import { toOnnx } from "../onnx.js";
import type { Arguments, Command } from "./arguments.js";
import { type Feature, inputsOf, widthOf } from "./description.js";
import { asFileError, entry, listed, print, short, shownPath, unbroken } from "./messages.js";
import { readModel, TABLE } from "./model-file.js";
import { checkOutput } from "./output.js";

export const exportCommand: Command = {
  name: "export",
  summary: "Writes the network as an ONNX file, which takes raw numbers and gives what predict gives.",
  places: ["model.safetensors", "model.onnx"],
  options: {},
  examples: ["lanegrad export model.safetensors model.onnx"],
  run: runExport,
};

async function runExport(given: Arguments): Promise<void> {
  const [modelPath, path] = given.places as [string, string];
  await checkOutput(path, modelPath);
  const { net, description } = await readModel(modelPath);
  const { features, target } = description;
  // The description of the columns goes with the network as in the model file.
  const bytes = toOnnx(net, { metadata: { [TABLE]: JSON.stringify(description) } });
  await writeFileAtomically(path, bytes).catch((error) => {
    throw asFileError("write", path, error);
  });
  print(entry("Input", `x [rows, ${inputsOf(features)}]: ${placesOf(features)}`));
  const { classes } = target;
  const what = classes === undefined ? target.name : `the probabilities of ${listed(classes)}`;
  print(entry("Output", `y [rows, ${classes?.length ?? 1}]: ${what}`));
  print(`\nWritten to ${shownPath(path)} (${short(bytes.length / 1000)} kB)`);
}

/** What each of the network's inputs is: a number, or 1 for the text in brackets and 0 for others. */
function placesOf(features: readonly Feature[]): string {
  let place = 0;
  const parts = features.map((feature) => {
    const { name, categories } = feature;
    const first = place;
    place += widthOf(feature);
    if (categories === undefined) return unbroken(`${first} ${name}`);
    return `${unbroken(`${first}–${place - 1} ${name}`)} (1 for one of ${listed(categories)})`;
  });
  return listed(parts, 200);
}
