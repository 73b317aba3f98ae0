// What can come behind a form, and the columns that it is taken from.

/** Nothing. The column holds the forms themselves: 16 · kind + number of bytes, then the bytes. */
export const FORMS: u32 = 0;
/** A block. The column begins with the number of twins: forms in single precision, each before the same in double. */
export const TOKENS: u32 = 1;
/** Nothing, and the block ends. */
export const END: u32 = 2;
/** The rest of a block in double precision, whose tokens of twins are exchanged. */
export const DOUBLES: u32 = 3;
/** A number of bytes, and these. */
export const RAW: u32 = 4;
/** A vector: four bytes four times, eight bytes twice, sixteen bytes. */
export const SINGLE_VECTORS: u32 = 5;
export const DOUBLE_VECTORS: u32 = 6;
export const VECTORS: u32 = 7;
/** One byte. */
export const INTEGERS: u32 = 8;
export const BRANCHES: u32 = 9;
export const CALLS: u32 = 10;
/** An integer's local, and any other: how many of its column the block has used since it used this one. */
export const INDICES: u32 = 11;
export const LOCALS: u32 = 12;

export const COLUMNS: u32 = 13;

/** How many forms differ between the builds: simd's stand first, then relaxed's. The last two forms are limits of the memory. */
export const VARIANTS: u32 = 4;
