// measure.mjs in a page of a browser, which is called from outside.
import { answer } from "./measure.mjs";

globalThis.answer = answer;
