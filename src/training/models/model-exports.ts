import { z } from 'zod'
import { type ExportFormat, fileEndings } from '../../networks/exports/export-formats.js'

/** The queue on which the API asks the workers to convert a model. */
export const exportQueue = 'exports'

/** The formats that a model must be converted to: a tfjs LayersModel is what it is stored as. */
export const convertedFormats = ['keras', 'onnx'] as const satisfies ExportFormat[]
export type ConvertedFormat = (typeof convertedFormats)[number]

export const exportRequest = z.strictObject({ runId: z.uuid(), format: z.enum(convertedFormats) })
export type ExportRequest = z.output<typeof exportRequest>

/** Counts what the files look like: what another version of Lyceum has made is made again. */
const EXPORT_VERSION = 1

/** Where a converted model is kept in the storage: below the model itself, so that it goes with it. */
export function exportKey(modelKey: string, format: ConvertedFormat): string {
  return `${modelKey}/exports/${EXPORT_VERSION}/model.${fileEndings[format]}`
}
