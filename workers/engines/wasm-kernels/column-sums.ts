const COLUMNS_AT_ONCE = 4
/** Rows whose numbers stay in the fastest cache while every column of them is summed. */
const CACHE_NUMBERS = 4096

/**
 * The sum of every column of a matrix, in float64: a float32 total of some ten thousand numbers has lost its last
 * digits. Some columns are summed at a time, so that their totals stay in registers, which is twice as fast.
 * @param values rows of `width` numbers
 * @param others where given, of the same size: the products with them are summed
 */
export function columnSums(values: Float32Array, width: number, others?: Float32Array): Float64Array {
  const sums = new Float64Array(width)
  const block = Math.max(1, Math.floor(CACHE_NUMBERS / width)) * width
  for (let start = 0; start < values.length; start += block) {
    const end = Math.min(values.length, start + block)
    if (others) addProducts(sums, values, others, start, end)
    else addNumbers(sums, values, start, end)
  }
  return sums
}

function addNumbers(sums: Float64Array, values: Float32Array, start: number, end: number): void {
  const width = sums.length
  let column = 0
  for (; column + COLUMNS_AT_ONCE <= width; column += COLUMNS_AT_ONCE) {
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let at = start + column; at < end; at += width) {
      a += values[at] ?? 0
      b += values[at + 1] ?? 0
      c += values[at + 2] ?? 0
      d += values[at + 3] ?? 0
    }
    add(sums, column, a, b, c, d)
  }
  for (; column < width; column++) {
    let total = 0
    for (let at = start + column; at < end; at += width) total += values[at] ?? 0
    sums[column] = (sums[column] ?? 0) + total
  }
}

function addProducts(
  sums: Float64Array,
  values: Float32Array,
  others: Float32Array,
  start: number,
  end: number,
): void {
  const width = sums.length
  let column = 0
  for (; column + COLUMNS_AT_ONCE <= width; column += COLUMNS_AT_ONCE) {
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let at = start + column; at < end; at += width) {
      a += (values[at] ?? 0) * (others[at] ?? 0)
      b += (values[at + 1] ?? 0) * (others[at + 1] ?? 0)
      c += (values[at + 2] ?? 0) * (others[at + 2] ?? 0)
      d += (values[at + 3] ?? 0) * (others[at + 3] ?? 0)
    }
    add(sums, column, a, b, c, d)
  }
  for (; column < width; column++) {
    let total = 0
    for (let at = start + column; at < end; at += width) total += (values[at] ?? 0) * (others[at] ?? 0)
    sums[column] = (sums[column] ?? 0) + total
  }
}

function add(sums: Float64Array, column: number, a: number, b: number, c: number, d: number): void {
  sums[column] = (sums[column] ?? 0) + a
  sums[column + 1] = (sums[column + 1] ?? 0) + b
  sums[column + 2] = (sums[column + 2] ?? 0) + c
  sums[column + 3] = (sums[column + 3] ?? 0) + d
}
