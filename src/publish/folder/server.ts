/** The server that a folder is published to, as far as publishing asks it. */
import { artefactCanonical } from '../../fhir/artefact.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import { asResource, isAnyResource, isOfType, parseJson } from '../../fhir/json.ts'
import type { Bundle, Issue, Resource } from '../../fhir/types.ts'

/** One request to it; the path begins with `/` below the FHIR base. @throws Error when no answer came */
export type AskServer = (
  method: 'GET' | 'POST',
  path: string,
  body?: Resource,
) => Promise<{ status: number; body: Buffer }>

/** What is asked of it. */
export interface PublicationServer {
  /** Every version of that url and business version, whatever its status. */
  find(type: string, canonical: { url: string; version?: string }): Promise<Resource[]>
  /** What is stored under an id; undefined when there is nothing. */
  read(type: string, id: string): Promise<Resource | undefined>
  /** Artefacts of a type whose url begins with a base. */
  below(type: string, base: string): Promise<Resource[]>
  /** All of a transaction or nothing; the reply of each entry, or why it was refused. */
  write(bundle: Bundle): Promise<{ issues: Issue[]; status: number } | { entries: NonNullable<Bundle['entry']> }>
}

/** Pages that are read of one search. */
const mostPages = 100

/** Makes it of its requests. All methods throw a FhirError for an answer that is none, or a refusal to read. */
export function publicationServer(ask: AskServer, base: string): PublicationServer {
  const search = async (path: string): Promise<Resource[]> => {
    const found: Resource[] = []
    let next: string | undefined = path
    for (let page = 0; next !== undefined; page++) {
      if (page === mostPages) throw unprocessable('The server has more artefacts than can be compared.', 'too-costly')
      const bundle: Bundle = bundleOf(await ask('GET', next), 'a search')
      for (const each of bundle.entry ?? [])
        if (isAnyResource(each.resource) && each.search?.mode !== 'outcome') found.push(each.resource)
      const link: string | undefined = bundle.link?.find(({ relation }) => relation === 'next')?.url
      next = link === undefined ? undefined : below(link, base)
    }
    return found
  }
  return {
    async find(type, { url, version }) {
      const named = formatCanonical(url, version)
      return search(`/${type}?url=${encodeURIComponent(named)}&_count=50`)
    },
    async read(type, id) {
      const { status, body } = await ask('GET', `/${type}/${id}`)
      if (status === 404 || status === 410) return undefined
      if (status !== 200) throw refusal(status, body, `${type}/${id}`)
      return asResource(parseJson(body))
    },
    below: (type, prefix) =>
      search(`/${type}?url:below=${encodeURIComponent(prefix)}&_elements=url,version,status&_count=200`),
    async write(bundle) {
      const { status, body } = await ask('POST', '/', bundle)
      if (status !== 200) return { status, issues: issuesOf(status, body) }
      return { entries: bundleOf({ status, body }, 'the transaction').entry ?? [] }
    },
  }
}

/** The part of a link below the base; anything else would ask another server. */
function below(link: string, base: string): string {
  if (!link.startsWith(`${base}/`) && !link.startsWith(`${base}?`)) {
    const { pathname, search } = new URL(link)
    const path = new URL(base).pathname
    if (!pathname.startsWith(`${path}/`)) throw unprocessable('A page of the server leads somewhere else.', 'invalid')
    return `${pathname.slice(path.length)}${search}`
  }
  return link.slice(base.length)
}

function bundleOf({ status, body }: { status: number; body: Buffer }, what: string): Bundle {
  if (status !== 200)
    throw refusal(status, body, status === 404 ? `${what} (is this its FHIR base, as in …/fhir?)` : what)
  const resource = parseJson(body)
  if (isOfType(resource, 'Bundle')) return resource
  throw new FhirError(502, issue('structure', `The server answered ${what} with no Bundle: is it a FHIR server?`))
}

const refusal = (status: number, body: Buffer, what: string) =>
  new FhirError(
    status,
    issuesOf(status, body).map((each) => ({
      ...each,
      details: { ...each.details, text: `${what}: ${each.details?.text ?? each.code}` },
    })),
  )

/** The issues of an answer; its status, where it has none. */
function issuesOf(status: number, body: Buffer): Issue[] {
  try {
    const resource = parseJson(body)
    if (isOfType(resource, 'OperationOutcome') && resource.issue.length > 0) return resource.issue
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
  }
  return [issue('processing', `the server answered ${status} without saying why`)]
}

/** Whether a stored artefact has exactly that canonical. */
export function hasCanonical(resource: Resource, { url, version }: { url: string; version?: string }): boolean {
  const own = artefactCanonical(resource)
  return own?.url === url && own.version === version
}
