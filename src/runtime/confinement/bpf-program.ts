const bytesOfOne = 8;
const furthestJump = 255;

/** Codes of classic BPF, as in the kernel's `linux/bpf_common.h`. */
const codes = { loadWord: 0x20, jumpIfEqual: 0x15, jumpIfAtLeast: 0x35, jumpIfAnySet: 0x45, give: 0x06 } as const;

interface Instruction {
  code: number;
  value: number;
  /** Where to go on when the condition holds; absent: with the next one. */
  label?: string;
}

/**
 * A program of classic BPF, written from top to bottom: a jump goes on at its label when its condition holds and with the next
 * instruction when it does not, and labels only lie ahead. `assemble` gives the bytes that the kernel takes.
 */
export class BpfProgram {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  /** The 32 bits at this offset of what is judged become the value that jumps look at. */
  load(offset: number): this {
    return this.#add({ code: codes.loadWord, value: offset });
  }

  jumpIfEqual(value: number, label: string): this {
    return this.#add({ code: codes.jumpIfEqual, value, label });
  }

  /** Both are taken as unsigned. */
  jumpIfAtLeast(value: number, label: string): this {
    return this.#add({ code: codes.jumpIfAtLeast, value, label });
  }

  jumpIfAnySet(bits: number, label: string): this {
    return this.#add({ code: codes.jumpIfAnySet, value: bits, label });
  }

  /** Ends here with the verdict. */
  give(verdict: number): this {
    return this.#add({ code: codes.give, value: verdict });
  }

  label(name: string): this {
    if (this.#labels.has(name)) throw new Error(`the label ${name} is there twice`);
    this.#labels.set(name, this.#instructions.length);
    return this;
  }

  /** Little endian, as on every machine that Node is built for and a filter exists for. Throws for a jump that can't be written. */
  assemble(): Buffer {
    const bytes = Buffer.alloc(this.#instructions.length * bytesOfOne);
    this.#instructions.forEach(({ code, value, label }, at) => {
      const start = at * bytesOfOne;
      bytes.writeUInt16LE(code, start);
      bytes.writeUInt8(label === undefined ? 0 : this.#distance(at, label), start + 2);
      bytes.writeUInt32LE(value >>> 0, start + 4);
    });
    return bytes;
  }

  #add(instruction: Instruction): this {
    this.#instructions.push(instruction);
    return this;
  }

  #distance(from: number, label: string): number {
    const to = this.#labels.get(label);
    const distance = to === undefined ? -1 : to - from - 1;
    if (distance < 0 || distance > furthestJump)
      throw new Error(`the label ${label} can not be reached from instruction ${from}`);
    return distance;
  }
}
