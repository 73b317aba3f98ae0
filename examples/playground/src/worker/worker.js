// The worker: holds both networks, trains them in turns, and answers the page in between.
import { expose } from "comlink";
import { Digits } from "./digits.js";
import { Plane } from "./plane.js";

expose({ digits: new Digits(), plane: new Plane() });
