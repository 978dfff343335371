import type { Heap, HeapTensor } from './heap.js'

/** Rows read side by side: what they give fills a line of the cache of what is written, or half of one. */
const ROWS_AT_ONCE = 8
/** Columns of a block: the lines that they write stay in the fastest cache while the next rows come. */
const COLUMNS_AT_ONCE = 32

/** Turns a matrix `[rows, columns]` over: `[columns, rows]`. Upstream does so from one end to the other. */
export function turnMatrix(heap: Heap, matrix: HeapTensor): HeapTensor {
  const [rows = 0, columns = 0] = matrix.shape
  const output = heap.allocate([columns, rows])
  // Bits are spared the way through float64 that numbers go.
  turnBlocks(heap.bits(matrix), heap.bits(output), rows, columns)
  return output
}

function turnBlocks(from: Int32Array, to: Int32Array, rows: number, columns: number): void {
  const even = rows - (rows % ROWS_AT_ONCE)
  for (let first = 0; first < columns; first += COLUMNS_AT_ONCE) {
    const end = Math.min(columns, first + COLUMNS_AT_ONCE)
    for (let row = 0; row < even; row += ROWS_AT_ONCE) {
      let source = row * columns + first
      let target = first * rows + row
      for (let column = first; column < end; column++) {
        to[target] = from[source] ?? 0
        to[target + 1] = from[source + columns] ?? 0
        to[target + 2] = from[source + 2 * columns] ?? 0
        to[target + 3] = from[source + 3 * columns] ?? 0
        to[target + 4] = from[source + 4 * columns] ?? 0
        to[target + 5] = from[source + 5 * columns] ?? 0
        to[target + 6] = from[source + 6 * columns] ?? 0
        to[target + 7] = from[source + 7 * columns] ?? 0
        source++
        target += rows
      }
    }
  }
  for (let row = even; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      to[column * rows + row] = from[row * columns + column] ?? 0
    }
  }
}
