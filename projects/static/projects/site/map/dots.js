// The dots of the map as projects/mapping/payload.py writes them, and which of them lie near a point.
import KDBush from "./vendor/kdbush.min.js";

const TYPES = { Uint32: Uint32Array, Uint16: Uint16Array, Int16: Int16Array, Uint8: Uint8Array };
const FULL_SCALE = 32767;
export const NO_BYTE = 255, NO_SHORT = 65535;

export class Dots {
  /** Read the file; throws for one that is cut off or of another kind. */
  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    this.count = header.count;
    this.months = header.months;
    this.sources = header.sources;
    this.tags = header.tags;
    this.clusters = header.clusters;
    this.waiting = header.waiting;
    for (const { name, type, offset } of header.arrays) this[name] = new TYPES[type](buffer, offset, this.count);
    /** From -1 to 1, y upwards: x and y of the first dot, of the second … */
    this.positions = new Float32Array(2 * this.count);
    this.places = new Map();
    this.index = new KDBush(this.count, 64, Float32Array);
    for (let at = 0; at < this.count; at++) {
      const x = this.x[at] / FULL_SCALE, y = this.y[at] / FULL_SCALE;
      this.positions[2 * at] = x;
      this.positions[2 * at + 1] = y;
      this.index.add(x, y);
      this.places.set(this.id[at], at);
    }
    this.index.finish();
  }

  /** Return where a dot lies, as [x, y]. */
  at(dot) { return [this.positions[2 * dot], this.positions[2 * dot + 1]]; }

  /** Return the dots within ``radius`` of a point, the nearest first; those alone for which ``fits`` is true. */
  near([x, y], radius, fits = () => true) {
    const distance = (dot) => Math.hypot(this.positions[2 * dot] - x, this.positions[2 * dot + 1] - y);
    return this.index.within(x, y, radius).filter(fits).sort((one, other) => distance(one) - distance(other) || one - other);
  }
}
