/** A row of a table: the first cell to the left, figures to the right. */
export function row(first: string, ...cells: readonly string[]): string {
  return first.padEnd(11) + cells.map(cell => cell.padStart(13)).join('')
}

/** The middle one, or the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
