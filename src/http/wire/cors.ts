/** Which pages may read replies, where an operator lets not all of them (https://fetch.spec.whatwg.org/#http-cors-protocol). */
import type { OutgoingHttpHeaders } from 'node:http'
import type { Handler } from '../limits/connections.ts'

const allowOrigin = 'Access-Control-Allow-Origin'

/** Whether a text is an origin as browsers send it: scheme, host, port where it is not the scheme's own. */
export function originProblem(text: string): string | undefined {
  if (text === '*') return undefined
  const isOrigin = /^https?:\/\/[^/?#@\s]+$/.test(text) && URL.parse(text)?.origin === text
  return isOrigin
    ? undefined
    : '`*` or an origin as browsers send it is wanted: https://host, in lower case, with a port where it is not 443'
}

/**
 * Replies that pages of these origins alone may read. Every reply passes its own `writeHead`, whoever writes it; there is no second
 * place that could forget. Cookies and the like are never let in: there is no Access-Control-Allow-Credentials.
 * @param origins as browsers send them
 */
export function forOrigins(origins: readonly string[], handle: Handler): Handler {
  const allowed = new Set(origins)
  return (message, response) => {
    const { origin } = message.headers
    const granted = origin !== undefined && allowed.has(origin) ? origin : undefined
    const writeHead = response.writeHead.bind(response)
    const own = (status: number, second?: string | OutgoingHttpHeaders, third?: OutgoingHttpHeaders) => {
      const given = typeof second === 'string' ? third : second
      for (const [name, value] of Object.entries(given ?? {})) if (value !== undefined) response.setHeader(name, value)
      if (granted !== undefined) response.setHeader(allowOrigin, granted)
      else for (const name of response.getHeaderNames()) if (/^access-control-/.test(name)) response.removeHeader(name)
      // A cache must not hand to one page what was said to another.
      response.appendHeader('Vary', 'Origin')
      return writeHead(status)
    }
    Object.assign(response, { writeHead: own })
    handle(message, response)
  }
}
