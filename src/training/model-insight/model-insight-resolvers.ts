import type { Resolvers } from '../../generated/graphql.js'
import { parsePage, toConnection } from '../../platform/pagination.js'
import { parseInput } from '../../platform/parse.js'
import type { ModelDrawingService } from './model-drawing-service.js'
import { featureMapsArgs, featureMapsUrlArgs, sampleQuery, testImageFilter } from './model-insight-schemas.js'
import type { ModelInsightService } from './model-insight-service.js'

/** GraphQL in, service out. */
export function modelInsightResolvers(service: ModelInsightService, drawings: ModelDrawingService) {
  return {
    Mutation: {
      async drawFeatureMaps(_root, args, { actor }) {
        const { runId, image, layer } = parseInput(featureMapsArgs, args)
        const maps = await drawings.drawFeatureMaps(actor, runId, image, layer ?? undefined)
        return { ...maps, png: maps.png.toString('base64') }
      },
    },
    TrainingRun: {
      classificationReport: async (run, _args, { actor }) =>
        (await service.findClassificationReport(actor, run.id)) ?? null,
      async testImages(run, args, { actor }) {
        const filter = parseInput(testImageFilter, args)
        const found = await service.findTestImages(actor, run.id, filter, parsePage(args))
        return found ? toConnection(found.page, ({ key }) => key, found.totalCount) : null
      },
      async samplePredictions(run, args, { actor }) {
        const { count } = parseInput(sampleQuery, args)
        return (await service.findSamplePredictions(actor, run.id, count)) ?? null
      },
      imageLayers: async (run, _args, { actor }) => (await drawings.findLayers(actor, run.id)) ?? [],
      filtersUrl: run => (run.modelFiles.length > 0 ? `/api/v1/runs/${run.id}/filters` : null),
      featureMapsUrl(run, args) {
        const { testImage, layer } = parseInput(featureMapsUrlArgs, args)
        if (run.modelFiles.length === 0) return null
        const query = new URLSearchParams({ testImage: `${testImage}`, ...(layer ? { layer } : {}) })
        return `/api/v1/runs/${run.id}/feature-maps?${query}`
      },
    },
  } satisfies Resolvers
}
