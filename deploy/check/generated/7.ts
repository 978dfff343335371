import { type INetworkPolicy, NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'

const object: INetworkPolicy = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: {
    name: 'lyceum',
  },
  spec: {
    podSelector: {
      matchLabels: {
        'app.kubernetes.io/name': 'lyceum',
      },
    },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [
          {
            namespaceSelector: {
              matchLabels: {
                'kubernetes.io/metadata.name': 'monitoring',
              },
            },
          },
        ],
        ports: [
          {
            port: 'metrics',
          },
        ],
      },
    ],
  },
}
try {
  new NetworkPolicy(object).validate()
} catch (error) {
  throw new Error(`network-policy.yaml, NetworkPolicy lyceum: ${error}`)
}
