/** Publishes a folder: read, compare, judge, sign, one transaction, and the truth about what came of it. */
import { isError } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import { compareWith, type Difference } from './compare.ts'
import { isPublishable, judgeFolder, type Workshop } from './judge-folder.ts'
import type { FolderContent } from './read-folder.ts'
import type { PublicationServer } from './server.ts'
import { type Author, publicationOf, type serverLimits } from './transaction.ts'

/** What is published, where to, and by whom. */
export interface FolderPublication {
  content: FolderContent
  server: PublicationServer
  workshop: Workshop
  author?: Author | undefined
  limits?: typeof serverLimits
}

/** What would be done, and why something cannot be. */
export interface Plan {
  differences: Difference[]
  /** Warnings about artefacts that are published all the same. */
  remarks: { file: string; issue: Issue }[]
}

/** How a publication ended. */
export type Outcome =
  | { state: 'published'; entries: number; signed: number }
  | { state: 'nothing to do' }
  | { state: 'refused'; status: number; refusals: { file?: string; name?: string; issue: Issue }[] }
  /** No answer came, and it was asked afterwards how things stand. */
  | { state: 'published unanswered' | 'not published' | 'unknown'; why: string }

/** Compares and judges; nothing is written. @throws Error when the server does not answer, FhirError for an answer that is none */
export async function planPublication({ content, server, workshop }: FolderPublication): Promise<Plan> {
  const differences = await compareWith(server, content.artefacts, content.canonical)
  const open = differences.filter(({ state }) => state === 'new' || state === 'changed')
  const beside = differences.flatMap(({ resource }) => resource ?? [])
  // What the server has already was judged when it was published.
  const judged = await judgeFolder(
    open.flatMap(({ resource }) => resource ?? []),
    { beside, server, workshop },
  )
  const remarks: Plan['remarks'] = []
  const all = differences.map((each): Difference => {
    const issues = (each.resource && judged.get(each.resource)) ?? []
    if (each.state === 'unchanged') return each
    if (!isPublishable(issues)) {
      const reasons = [...(each.reasons ?? []), ...issues.filter(isError).map(describe)]
      return { ...each, state: 'refused', reasons }
    }
    for (const one of issues) remarks.push({ file: each.file ?? each.name, issue: one })
    return each
  })
  const unread = content.faults.map(({ file, text, issues = [] }): Difference => {
    const reasons = issues.length > 0 ? issues.map(describe) : [text]
    return { state: 'refused', type: '', name: file, file, reasons }
  })
  return { differences: [...all, ...unread], remarks }
}

/** An issue in one line, with its place. */
export function describe({ details, diagnostics, expression, code }: Issue): string {
  const text = (details?.text ?? diagnostics ?? code).replace(/\s+/g, ' ')
  const place = /\bline \d+, column \d+/.exec(diagnostics ?? '')?.[0] ?? expression?.[0]
  return place === undefined || text.includes(place) ? text : `${text} (${place})`
}

/** Whether anything of a plan cannot be published: then nothing is. */
export const isRefused = ({ differences }: Plan): boolean => differences.some(({ state }) => state === 'refused')

/**
 * Writes what a plan says, as one transaction.
 * @throws FhirError 422 for more than a server takes at once; nothing has been sent then
 */
export async function carryOut(plan: Plan, publication: FolderPublication): Promise<Outcome> {
  const { server, author, limits } = publication
  const { bundle, written } = await publicationOf(plan.differences, author, limits)
  const entries = bundle.entry?.length ?? 0
  if (entries === 0) return { state: 'nothing to do' }
  let answer: Awaited<ReturnType<PublicationServer['write']>>
  try {
    answer = await server.write(bundle)
  } catch (error) {
    return askedAfterwards(error, plan, publication)
  }
  if ('entries' in answer) return { state: 'published', entries: written.length, signed: entries - written.length }
  const refusals = answer.issues.map((each) => ({ ...placeOf(each, written), issue: each }))
  return { state: 'refused', status: answer.status, refusals }
}

/** `Bundle.entry[n]` of an issue leads to the file, or the name of the artefact in its text. */
function placeOf({ expression = [], details, diagnostics }: Issue, written: readonly Difference[]) {
  const said = [...expression, details?.text, diagnostics].join(' ')
  const index = /Bundle\.entry\[(\d+)\]/.exec(said)?.[1]
  // After the artefacts stands the Provenance of those that are signed, in the same order.
  const found =
    index === undefined
      ? written.find((each) => isNamed(each, said))
      : (written[Number(index)] ?? signedAt(Number(index), written))
  return found ? { ...(found.file === undefined ? {} : { file: found.file }), name: found.name } : {}
}

const isNamed = ({ name, type, resource }: Difference, said: string): boolean =>
  [name, `${type}/${resource?.id}`].some((each) => ` ${said} `.includes(` ${each} `))

function signedAt(index: number, written: readonly Difference[]): Difference | undefined {
  const signed = written.filter(({ resource }) => resource && 'status' in resource && resource.status === 'active')
  return signed[index - written.length]
}

/** A transaction is all or nothing: what one artefact of it has become tells of all. */
async function askedAfterwards(error: unknown, plan: Plan, { content, server }: FolderPublication): Promise<Outcome> {
  const why = error instanceof Error ? error.message : String(error)
  const open = plan.differences.filter(({ state }) => state === 'new' || state === 'changed')
  try {
    const names = new Set(open.map(({ type, name }) => `${type} ${name}`))
    const artefacts = content.artefacts.filter(({ file }) => open.some((each) => each.file === file))
    const now = (await compareWith(server, artefacts, undefined)).filter((each) =>
      names.has(`${each.type} ${each.name}`),
    )
    const done = now.filter(({ state }) => state === 'unchanged').length
    if (done === open.length) return { state: 'published unanswered', why }
    if (done === 0) return { state: 'not published', why }
    return { state: 'unknown', why: `${why}; ${done} of ${open.length} artefacts are there` }
  } catch (again) {
    const also = again instanceof Error ? again.message : String(again)
    return { state: 'unknown', why: `${why}; asked again how things stand: ${also}` }
  }
}
