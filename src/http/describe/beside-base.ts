/** What stands beside the FHIR base, as OpenAPI has it. */
import type { HttpContext } from '../context.ts'
import type { Node } from './openapi-parts.ts'

/** One address that is read. */
interface Described {
  operationId: string
  summary: string
  /** By status. */
  answers: Record<number, Node>
  /** Refusals, by status. */
  errors: number[]
  parameters?: Node[]
}

const refusals = [405, 408, 431]
const json = (schema: Node): Node => ({ 'application/json': { schema } })
const anyObject = json({ type: 'object' })

/** The addresses that a server has there. */
export function pathsBesideBase({ hooks, settings }: HttpContext, origin: string): Record<string, Node> {
  const described = {
    ...probes,
    ...(hooks.lastHour && lastHour),
    ...(settings.hasSpecimens && specimens),
  }
  return Object.fromEntries(Object.entries(described).map(([path, each]) => [path, pathOf(each, origin)]))
}

function pathOf({ operationId, summary, answers, errors, parameters }: Described, origin: string): Node {
  const refused = errors.map((status) => [status, { $ref: `#/components/responses/${status}` }])
  const responses = { ...answers, ...Object.fromEntries(refused) }
  return {
    servers: [{ url: origin, description: 'The server' }],
    get: { operationId, summary, ...(parameters && { parameters }), responses },
  }
}

const probes: Record<string, Described> = {
  '/health': {
    operationId: 'health',
    summary: 'Whether the server is up',
    answers: {
      200: { description: 'The server is up', content: anyObject },
      204: { description: 'The server is in maintenance' },
    },
    errors: refusals,
  },
  '/ready': {
    operationId: 'ready',
    summary: 'Whether it can answer',
    answers: {
      200: { description: 'Everything is there', content: anyObject },
      503: { description: 'What is missing', content: anyObject },
    },
    errors: refusals,
  },
}

const lastHour: Record<string, Described> = {
  '/last-hour': {
    operationId: 'last-hour',
    summary: 'What was answered within the last hour',
    answers: {
      200: { description: 'Numbers alone: requests, evaluations by decision and format', content: anyObject },
    },
    errors: [401, ...refusals],
  },
}

const text = { type: 'string' }
const decision = { type: 'string', enum: ['accepted', 'rejected', 'undetermined', 'unverified'] }
const specimen = { type: 'object', properties: { name: text, kind: decision, format: text, text } }

const specimens: Record<string, Described> = {
  '/specimens': {
    operationId: 'specimens',
    summary: 'Specimens of every kind, with the verdict on each',
    answers: {
      200: {
        description: 'Made today',
        content: json({ type: 'object', properties: { specimen: { type: 'array', items: specimen } } }),
      },
    },
    errors: [...refusals, 429],
  },
  '/specimens/{file}': {
    operationId: 'specimen-code',
    summary: 'The QR code of a specimen',
    answers: {
      200: {
        description: 'Made today',
        content: {
          'image/svg+xml': { schema: text },
          'image/png': { schema: { type: 'string', contentEncoding: 'binary' } },
        },
      },
    },
    errors: [404, ...refusals, 429],
    parameters: [
      { name: 'file', in: 'path', required: true, schema: { type: 'string', pattern: '^[a-z-]+\\.(svg|png)$' } },
    ],
  },
}
