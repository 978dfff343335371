import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject'

const object = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: {
    name: 'lyceum-worker',
  },
  spec: {
    scaleTargetRef: {
      name: 'lyceum-worker',
    },
    minReplicaCount: 1,
    maxReplicaCount: 10,
    pollingInterval: 15,
    advanced: {
      horizontalPodAutoscalerConfig: {
        behavior: {
          scaleDown: {
            stabilizationWindowSeconds: 300,
            policies: [
              {
                type: 'Pods',
                value: 1,
                periodSeconds: 300,
              },
            ],
          },
        },
      },
    },
    triggers: [
      {
        type: 'postgresql',
        metadata: {
          connectionFromEnv: 'DATABASE_URL',
          targetQueryValue: '1',
          query:
            "SELECT count(*) FROM training_runs WHERE \"machineClass\" = 'CPU' AND (status IN ('STARTING', 'RUNNING') OR status = 'QUEUED' AND \"releasedAt\" IS NOT NULL)",
        },
      },
    ],
  },
}
try {
  new ScaledObject(object).validate()
} catch (error) {
  throw new Error(`worker.yaml, ScaledObject lyceum-worker: ${error}`)
}
