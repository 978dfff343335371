import 'graphiql/style.css'
import './page.css'
import { createGraphiQLFetcher } from '@graphiql/toolkit'
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql'
import { createRoot } from 'react-dom/client'
import { csrfHeader, findSession } from './session'
import { sessionPlugin } from './session-panel'
import './workers'

const welcome = `# Ctrl-Enter runs the query at the cursor; Ctrl-Space completes.
# To sign in, take the person at the left.

query Courses {
  courses {
    edges {
      node {
        title
        lessons {
          title
        }
      }
    }
  }
}
`

const socket = new URL('/graphql', location.href)
socket.protocol = socket.protocol.replace('http', 'ws')

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  // A socket for each subscription, so that one opened after signing in has the session's cookie.
  subscriptionUrl: socket.href,
  enableIncrementalDelivery: false,
  fetch: (url, init) => fetch(url, { ...init, headers: { ...csrfHeader(), ...plain(init?.headers) } }),
})

function plain(headers: HeadersInit | undefined) {
  return Object.fromEntries(new Headers(headers))
}

async function show() {
  // Before the first query: with a cookie, it needs the CSRF token.
  await findSession()
  const place = document.getElementById('graphiql')
  if (place === null) throw new Error('The page has no place for GraphiQL')
  createRoot(place).render(
    <GraphiQL fetcher={fetcher} defaultQuery={welcome} plugins={[HISTORY_PLUGIN, sessionPlugin]} />,
  )
}

await show()
