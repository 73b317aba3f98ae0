// What can come behind a form, the columns that it is taken from, and where the module is put together. Read by the AssemblyScript
// and the TypeScript compiler.

/** Nothing. The column holds the forms themselves: 16 · kind + number of bytes, then the bytes. */
export const FORMS = 0;
/** A block. The column begins with the number of twins: forms in single precision, each before the same in double. */
export const TOKENS = 1;
/** Nothing, and the block ends. */
export const END = 2;
/** The rest of a block in double precision, whose tokens of twins are exchanged. */
export const DOUBLES = 3;
/** A number of bytes, and these. */
export const RAW = 4;
/** A vector: four bytes four times, eight bytes twice, sixteen bytes. */
export const SINGLE_VECTORS = 5;
export const DOUBLE_VECTORS = 6;
export const VECTORS = 7;
/** One byte. */
export const INTEGERS = 8;
export const BRANCHES = 9;
export const CALLS = 10;
/** An integer's local, and any other: how many of its column the block has used since it used this one. */
export const INDICES = 11;
export const LOCALS = 12;

export const COLUMNS = 13;

/** How many forms differ between the builds: simd's stand first, then relaxed's. The last two forms are limits of the memory. */
export const VARIANTS = 4;

/** Address from which on the decoder writes the module; the columns lie below. */
export const MODULE = 0x10000;
