/** A disposable worker of the disposable worker: decodes and crops pictures, several of it at once (data/pictures/pool.ts). */
import { servePictures } from "./data/pictures/thread.ts";
import { pictureFormatOf } from "./models/picture-format.ts";

servePictures(pictureFormatOf);
