import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'

const object = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: {
    name: 'lyceum-api',
  },
  spec: {
    minAvailable: 1,
    selector: {
      matchLabels: {
        'app.kubernetes.io/name': 'lyceum',
        'app.kubernetes.io/component': 'api',
      },
    },
  },
}
try {
  new PodDisruptionBudget(object).validate()
} catch (error) {
  throw new Error(`api.yaml, PodDisruptionBudget lyceum-api: ${error}`)
}
