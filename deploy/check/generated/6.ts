import { type INamespace, Namespace } from 'kubernetes-models/v1/Namespace'

const object: INamespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: 'lyceum',
    labels: {
      'pod-security.kubernetes.io/enforce': 'restricted',
    },
  },
}
try {
  new Namespace(object).validate()
} catch (error) {
  throw new Error(`namespace.yaml, Namespace lyceum: ${error}`)
}
