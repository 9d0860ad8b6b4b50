import type { Response } from 'express'
import type { HttpContext } from './context.ts'

/** Seconds after which an orchestrator should ask again. */
const retrySeconds = 5

/** `GET /ready`: 200 when everything that answers depend on is there, else 503 with the names of what is missing. */
export function answerReady(context: HttpContext, response: Response): void {
  const parts = context.hooks.readiness?.() ?? []
  const missing = parts.filter(({ ready }) => !ready).map(({ name }) => name)
  response.set('Cache-Control', 'no-store')
  if (missing.length > 0) response.status(503).set('Retry-After', String(retrySeconds))
  response.json({ status: missing.length > 0 ? 'not ready' : 'ready', ...(missing.length > 0 && { missing }), parts })
}
