import { type INetworkPolicy, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'

const object: INetworkPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: {
    name: 'lyceum-api',
  },
  spec: {
    podSelector: {
      matchLabels: {
        'app.kubernetes.io/name': 'lyceum',
        'app.kubernetes.io/component': 'api',
      },
    },
    policyTypes: ['Ingress'],
    ingress: [
      {
        ports: [
          {
            port: 'http',
          },
        ],
      },
    ],
  },
}
try {
  new NetworkPolicy(object).validate()
} catch (error) {
  throw new Error(`network-policy.yaml, NetworkPolicy lyceum-api: ${error}`)
}
