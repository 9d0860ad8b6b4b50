import { jsonSize } from '../../base/json-size.ts'
import { stringifySteps } from '../../base/json-steps.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Resource, StructureMap } from '../../fhir/types.ts'
import { type Budget, createBudget, type Steps } from '../../workers/budget.ts'
import { formatJson, formatXml, writeXmlSteps } from './codecs.ts'
import type { ReplyFormat } from './negotiation.ts'

/** A written body and its content type. */
export interface Rendered {
  contentType: string
  body: string
}

/** What writing takes beside the resource. */
export interface RenderOptions {
  /** Writes a StructureMap in the Mapping Language. */
  printMap(map: StructureMap): string
  limitBytes: number
  /** Whose reply it is: long ones are written in turns. */
  client(): string
}

/**
 * Writes a resource in the negotiated format, a long one in slices.
 * @throws FhirError 406 when the Mapping Language was asked for and the resource is no StructureMap, 413 when it would be too large
 */
export function render(resource: Resource, format: ReplyFormat, options: RenderOptions): Rendered | Promise<Rendered> {
  const contentType = `${format.contentType}; charset=utf-8`
  if (format.kind === 'fml') return { contentType, body: checked(mappingText(resource, options), options) }
  if (isLong(resource)) return renderLong(resource, format, options)
  const write = format.kind === 'xml' ? formatXml : formatJson
  return { contentType, body: checked(write(resource, format.pretty), options) }
}

/** Writing has a budget of its own: a request that used up its time gets to know what was done. */
const writingLimits = { cpuMilliseconds: 3000, sliceMilliseconds: 20 }

/** Longer texts are not laid out for reading: that cannot be done in slices. */
const prettyCharacters = 1_000_000

async function renderLong(resource: Resource, format: ReplyFormat, options: RenderOptions): Promise<Rendered> {
  const budget: Budget = createBudget({ client: options.client(), limits: writingLimits })
  const contentType = `${format.contentType}; charset=utf-8`
  const steps = (): Steps<string | undefined> => {
    if (format.kind === 'xml') return writeXmlSteps(resource, { pretty: format.pretty })
    return stringifySteps(resource, options.limitBytes)
  }
  if (format.kind === 'json' && format.pretty && jsonSize(resource, prettyCharacters) <= prettyCharacters)
    return { contentType, body: checked(formatJson(resource, true), options) }
  return { contentType, body: checked(await budget.runSteps(steps()), options) }
}

/** Lists of so many items are worth a look at the clock while they are written. */
const longList = 100

/** Whether a resource may be long: told by its lists, without going through it. */
function isLong(resource: Resource): boolean {
  if (resource.resourceType === 'Bundle') {
    const { entry = [] } = resource
    return entry.length > shortBundle || entry.some((each) => each.resource && isLong(each.resource as Resource))
  }
  const members = resource as unknown as Record<string, unknown> // types of R4 have no index signature
  // Loops without a list of their own: every reply passes here.
  for (const name in members) {
    const member = members[name]
    if (typeof member !== 'object' || member === null) continue
    if (isLongList(member)) return true
    if (!Array.isArray(member)) for (const inner in member) if (isLongList(member[inner as keyof object])) return true
  }
  return false
}

/** More entries than these, and their resources are not looked at: any of them may be long. */
const shortBundle = 8

const isLongList = (value: unknown): boolean => Array.isArray(value) && value.length > longList

function checked(body: string | undefined, { limitBytes }: RenderOptions): string {
  // A character takes at most three bytes of UTF-8.
  if (body !== undefined && (body.length * 3 <= limitBytes || Buffer.byteLength(body) <= limitBytes)) return body
  throw replyTooLarge(limitBytes)
}

/** 413 for a reply that would be larger than any may be. */
export const replyTooLarge = (limitBytes: number): FhirError =>
  new FhirError(413, issue('too-costly', `The reply would be larger than ${limitBytes} bytes; ask for less at a time.`))

function mappingText(resource: Resource, { printMap }: RenderOptions): string {
  if (resource.resourceType === 'StructureMap') return printMap(resource)
  throw new FhirError(
    406,
    issue('not-supported', `A ${resource.resourceType} cannot be written in the Mapping Language.`),
  )
}
