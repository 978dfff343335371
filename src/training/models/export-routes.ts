import { z } from 'zod'
import { exportFormats } from '../../networks/exports/export-formats.js'
import type { RestInstance } from '../../platform/http.js'
import { forUsers } from '../../platform/openapi-route.js'
import { runId } from '../runs/run-schemas.js'
import type { ExportService } from './export-service.js'

const mediaTypes = {
  tfjs: 'application/zip',
  keras: 'application/zip',
  onnx: 'application/octet-stream',
} as const
const oneRun = z.object({ id: runId })
const common = { tags: ['Training'], security: forUsers, params: oneRun }

const modelExport = z.object({
  format: z.enum(exportFormats),
  url: z.string().nullable().describe('Null where the model cannot be had in this format.'),
  unavailableReason: z.string().nullable(),
})

/** REST in, service out. */
export function exportRoutes(service: ExportService) {
  return (rest: RestInstance) => {
    rest.get(
      '/runs/:id/exports',
      {
        schema: {
          ...common,
          summary: 'The formats in which the trained model can be had',
          operationId: 'listModelExports',
          response: { 200: z.object({ items: z.array(modelExport) }) },
        },
      },
      async ({ actor, params }) => ({ items: await service.listExports(actor, params.id) }),
    )

    rest.get(
      '/runs/:id/model',
      {
        schema: {
          ...common,
          summary: 'The trained model as one file, for other programs',
          operationId: 'exportModel',
          description:
            'A tfjs LayersModel (zip), a Keras v3 archive (.keras) or an ONNX file. The latter two are made by a ' +
            'worker at the first request, which may take some seconds, and kept.',
          querystring: z.object({ format: z.enum(exportFormats).default('tfjs') }),
          produces: [...new Set(Object.values(mediaTypes))],
        },
      },
      async ({ actor, params, query: { format } }, reply) => {
        const { name, size, stream } = await service.openExport(actor, params.id, format)
        return reply
          .type(mediaTypes[format])
          .header('content-length', size)
          .header('content-disposition', `attachment; filename="${name}"`)
          .send(stream)
      },
    )
  }
}
