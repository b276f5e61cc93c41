// Chance that can be repeated: the same seed and number give the same choices, on any machine.

/**
 * The choices of one pair. xorshift128 (Marsaglia 2003), whose state is spread from two numbers by
 * splitmix32.
 */
export class Random {
  constructor(seed, number) {
    let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0;
    const spread = () => {
      state = (state + 0x9e3779b9) >>> 0;
      const mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      return Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97) ^ state;
    };
    [this.x, this.y, this.z, this.w] = [spread(), spread(), spread(), spread() | 1];
  }

  next() {
    const t = this.x ^ (this.x << 11);
    this.x = this.y;
    this.y = this.z;
    this.z = this.w;
    this.w = this.w ^ (this.w >>> 19) ^ t ^ (t >>> 8);
    return this.w >>> 0;
  }

  /** A whole number from 0 to `count` − 1. */
  below(count) {
    return Math.floor((this.next() / 2 ** 32) * count);
  }

  /** A whole number of these two or between them. */
  between(least, most) {
    return least + this.below(most - least + 1);
  }

  /** Whether something of this probability happens. */
  chance(probability) {
    return this.next() / 2 ** 32 < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** Some items of a list, in any order; none twice. */
  some(list, count) {
    const mixed = [...list];
    const most = Math.min(count, mixed.length);
    for (let at = 0; at < most; at++) {
      const other = this.between(at, mixed.length - 1);
      [mixed[at], mixed[other]] = [mixed[other], mixed[at]];
    }
    return mixed.slice(0, most);
  }

  shuffled(list) {
    return this.some(list, list.length);
  }
}
