import { Service } from 'kubernetes-models/v1/Service'

const object = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'lyceum-api',
    labels: {
      'app.kubernetes.io/name': 'lyceum',
      'app.kubernetes.io/component': 'api',
    },
  },
  spec: {
    selector: {
      'app.kubernetes.io/name': 'lyceum',
      'app.kubernetes.io/component': 'api',
    },
    ports: [
      {
        name: 'http',
        port: 80,
        targetPort: 'http',
      },
    ],
  },
}
try {
  new Service(object).validate()
} catch (error) {
  throw new Error(`api.yaml, Service lyceum-api: ${error}`)
}
