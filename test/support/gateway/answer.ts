/** What the stand-in answers: bodies of two shapes for errors, as measured on the network's gateway. */

/** A reply. */
export interface Answer {
  status: number
  contentType?: string
  body?: string | Buffer
  headers?: Record<string, string>
}

/** A request as routes see it. */
export interface Asked {
  method: string
  /** As sent, without the query. */
  path: string
  query: URLSearchParams
  headers: NodeJS.Dict<string | string[]>
  body: Buffer
  /** Who asks, alpha-2; empty until that is known. */
  country: string
}

/** A request that is refused: what handlers throw. */
export class Refusal extends Error {
  readonly answer: Answer
  constructor(answer: Answer) {
    super(`refused with ${answer.status}`)
    this.answer = answer
  }
}

/** Body P: `{code, problem, sendValue, details}`. */
export function problem(status: number, code: string, text: string, details = ''): Refusal {
  const body = JSON.stringify({ code, problem: text, sendValue: '', details })
  return new Refusal({ status, contentType: 'application/json', body })
}

const titles: Record<number, string> = { 400: 'Bad Request', 404: 'Not Found' }

/** Body R: `{type, title, status, detail, instance}`, for unknown paths, empty bodies, bad parameters and missing headers. */
export function report(status: 400 | 404, detail: string, path: string): Refusal {
  const body = JSON.stringify({ type: 'about:blank', title: titles[status], status, detail, instance: path })
  return new Refusal({ status, contentType: 'application/problem+json', body })
}

/** 500 0x008, which is often permanent. */
export const internalError = (): Refusal => problem(500, '0x008', 'Internal Server Error', '')

/** 403 0x403: role missing, or the method, content type or Accept is wrong. */
export const forbidden = (): Refusal => problem(403, '0x403', 'Access denied', 'Access is denied.')

/** 200 with JSON. */
export const json = (value: unknown): Answer => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify(value),
})

/** A success without body: 201 or 204. */
export const empty = (status: 201 | 204, headers?: Record<string, string>): Answer => ({
  status,
  ...(headers ? { headers } : {}),
})

/** Pattern of an id that the gateway gives. */
export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Values of a parameter that may be repeated or hold a list. */
export const valuesOf = (query: URLSearchParams, name: string): string[] =>
  query
    .getAll(name)
    .flatMap((each) => each.split(','))
    .filter((each) => each !== '')

/** `withFederation`; anything but a Boolean is a bad parameter. */
export function wantsFederation({ query, path }: Asked): boolean {
  const given = query.get('withFederation')
  if (given === null || given === '') return false
  if (/^(?:true|1|yes|on)$/i.test(given)) return true
  if (/^(?:false|0|no|off)$/i.test(given)) return false
  throw report(400, `Failed to convert 'withFederation' with value: '${given}'`, path)
}

/** Sentences of a bean validator, by the language that the client prefers. */
const sentences = {
  en: { size: 'size must be between {0} and {1}', null: 'must not be null', pattern: 'must match "{0}"' },
  de: {
    size: 'Größe muss zwischen {0} und {1} sein',
    null: 'darf nicht null sein',
    pattern: 'muss mit "{0}" übereinstimmen',
  },
  fr: {
    size: 'la taille doit être comprise entre {0} et {1}',
    null: 'ne doit pas être nul',
    pattern: 'doit correspondre à "{0}"',
  },
}

/** One sentence about an invalid value. */
export function invalid({ headers }: Asked, kind: keyof (typeof sentences)['en'], ...values: unknown[]): string {
  const language = /^\s*([a-z]{2})/i.exec(String(headers['accept-language'] ?? 'en'))?.[1]?.toLowerCase() ?? 'en'
  const text = (sentences[language as 'en'] ?? sentences.en)[kind]
  return text.replace(/\{(\d)\}/g, (_, at) => String(values[Number(at)]))
}
