import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express'
import type { AnswerForm } from '../base/public-document.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Logs } from './audit/access-log.ts'
import { openConsole } from './console/console-files.ts'
import { consoleHandlers, consolePaths } from './console/serve-console.ts'
import type { HttpContext } from './context.ts'
import { openApi } from './describe/openapi.ts'
import { servedTypes } from './describe/stored-types.ts'
import { decodeText, hasBody, readBody } from './message/body.ts'
import { isExpected, methodNotAllowed, unknownPath } from './message/errors.ts'
import { requestId } from './message/head.ts'
import { send, writtenError } from './message/reply.ts'
import { answerReady } from './readiness.ts'
import { constantHeaders, preflightHeaders } from './wire/constant-headers.ts'

/** Everything outside the FHIR base: pages and checks that are not worth speed. */
export function createSite(context: HttpContext, basePath: string, logs: Logs): Express {
  const app = express()
  // Express would make an ETag of every body and tell the world its name.
  app.set('etag', false)
  app.disable('x-powered-by')
  app.set('query parser', false)
  app.use((request, response, next) => {
    response.set(constantHeaders)
    response.set('X-Request-Id', requestId(request.get('x-request-id'), context.uuid))
    logRequest(logs, request, response)
    next()
  })
  serve(app, '/health', (_request, response) => health(context, response))
  serve(app, '/ready', (_request, response) => answerReady(context, response))
  const { metrics } = context.hooks
  if (metrics)
    serve(app, '/metrics', async (request, response) => {
      metrics.check(request)
      response.set({ 'Cache-Control': 'no-store', 'Content-Type': metrics.contentType }).end(await metrics.text())
    })
  const { lastHour } = context.hooks
  if (lastHour)
    serve(app, '/last-hour', (request, response) => {
      lastHour.check(request)
      response.set('Cache-Control', 'no-store').json(lastHour.read())
    })
  const isOff = context.settings.routes?.off.includes('console')
  const { hasSpecimens } = context.settings
  const place = { basePath, types: servedTypes(context), hasSpecimens }
  const ofConsole = consoleHandlers(context.software, place, isOff ? undefined : openConsole())
  serve(app, consolePaths, ofConsole.page)
  serve(app, '/console/:name', ofConsole.file)
  serve(app, '/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'public, max-age=60').json(openApi(context))
  })
  for (const [path, answer] of context.hooks.forms ?? []) serveForm(app, path, { answer, context })
  app.use(() => {
    throw unknownPath()
  })
  app.use(errorHandler(logs))
  return app
}

/** Forms are short. */
const longestFormBytes = 64 * 1024

function serveForm(
  app: Express,
  path: string,
  { answer, context }: { answer: AnswerForm; context: HttpContext },
): void {
  app.all(path, async (request, response) => {
    if (request.method === 'OPTIONS') return void response.set('Allow', 'POST, OPTIONS').status(204).end()
    if (request.method !== 'POST') throw methodNotAllowed(request.method, ['POST', 'OPTIONS'])
    const client = context.clientOf(request)
    const limits = { limitBytes: longestFormBytes, bodies: context.bodies, client }
    const bytes = hasBody(request) ? await readBody({ message: request, response }, limits) : new Uint8Array()
    const { 'content-type': contentType, authorization } = request.headers
    const found = await answer({ contentType, authorization, text: decodeText(bytes), client })
    const { status = 200, body, contentType: type, cacheControl = 'no-store', headers } = found
    response
      .status(status)
      .set({ 'Content-Type': type, 'Cache-Control': cacheControl, ...headers })
      .end(body)
  })
}

function serve(
  app: Express,
  path: string | RegExp,
  handle: (request: Request, response: Response) => void | Promise<void>,
): void {
  app.all(path, async (request, response) => {
    if (request.method === 'OPTIONS')
      response
        .set({ ...preflightHeaders, Allow: 'GET, HEAD, OPTIONS' })
        .status(204)
        .end()
    else if (request.method === 'GET' || request.method === 'HEAD') await handle(request, response)
    else throw methodNotAllowed(request.method, ['GET', 'HEAD', 'OPTIONS'])
  })
}

function health(context: HttpContext, response: Response): void {
  response.set('Cache-Control', 'no-store')
  const { maintenance, network, keyDirectory, jurisdiction } = context.settings
  const store = context.settings.store?.()
  const gateways = context.settings.gateways?.() ?? []
  if (maintenance?.()) response.status(204).end()
  else {
    const { name, version } = context.software
    response.json({
      status: 'up',
      software: name,
      version,
      ...(store ? { store } : {}),
      ...(network ? { network: networkStanding(network) } : {}),
      ...(gateways.length > 0 ? { gateways } : {}),
      ...(keyDirectory ? { keyDirectory: keyDirectory() } : {}),
      ...(jurisdiction === undefined ? {} : { jurisdiction }),
    })
  }
}

/** Whether this server asks others, and the exceptions for some; their addresses are the operator's affair. */
function networkStanding({ isOn, hosts }: NonNullable<HttpContext['settings']['network']>) {
  return isOn ? { state: 'on', hosts: hosts.map(({ host, port }) => ({ host, port })) } : { state: 'off' }
}

function logRequest(logs: Logs, request: Request, response: Response): void {
  const started = performance.now()
  response.on('finish', () => {
    logs.accessLog?.({
      requestId: String(response.get('X-Request-Id')),
      method: request.method,
      route: routeOf(request),
      status: response.statusCode,
      durationMs: Math.round((performance.now() - started) * 1000) / 1000,
      bytes: Number(response.get('Content-Length') ?? 0),
    })
  })
}

/** The pattern that was asked for; what stands in the place of a name is in no log. */
function routeOf({ route }: Request): string {
  if (route?.path instanceof RegExp) return 'console'
  return typeof route?.path === 'string' ? route.path : 'unknown'
}

/** Whatever Express or its router throws becomes an OperationOutcome; four parameters make it an error handler. */
function errorHandler(logs: Logs): ErrorRequestHandler {
  return (thrown, request, response, next) => {
    if (response.headersSent) return next(thrown)
    const error = fromExpress(thrown)
    const id = String(response.get('X-Request-Id') ?? requestId(request.get('x-request-id'), () => 'unknown'))
    if (!isExpected(error)) logs.errorLog({ requestId: id, error })
    void send(request, response, writtenError(error, id))
  }
}

/** Errors of the router carry a status, e.g. 400 for a broken percent-encoding. */
function fromExpress(thrown: unknown): unknown {
  if (thrown instanceof FhirError || typeof thrown !== 'object' || thrown === null || !('status' in thrown))
    return thrown
  const { status } = thrown
  if (typeof status !== 'number' || status < 400 || status > 499) return thrown
  return new FhirError(status, issue('invalid', 'The request is malformed.'))
}
