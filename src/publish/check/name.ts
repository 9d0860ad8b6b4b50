/** What an artefact may be called: two names that look alike to a person must not be two to the server. */
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue, Resource } from '../../fhir/types.ts'

const plainVersion = /^[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}$/
/** Authorities name versions of code systems as they like: uris of SNOMED CT editions, "07/14/2020", "May 2021 Edition". */
const authorityVersion = /^(?=.{1,128}$)[A-Za-z0-9][A-Za-z0-9.+_/:-]*(?: [A-Za-z0-9.+_/:-]+)*$/
/** Blanks, what has no width or no form, and the bar that parts a url from its version. */
const unseen = /[\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\s|]/u

/** Errors of `url` and `version` of a canonical resource; none for what has no status, for that is never published. */
export function nameFaults(resource: Resource): Issue[] {
  if (!('url' in resource) || typeof resource.url !== 'string' || statusOf(resource) === undefined) return []
  const type = resource.resourceType
  const { url, version } = artefactCanonical(resource) ?? { url: resource.url }
  const issues: Issue[] = []
  // WHO publishes urls that hold the version: the same one as beside it.
  const isPlain = resource.url === url || resource.url === `${url}|${version}`
  if (unseen.test(url) || !isPlain) {
    const text = `${type}.url ${visible(resource.url)} must have no blanks, no characters that are not seen and no "|"`
    issues.push(issue('value', { text, expression: `${type}.url` }))
  }
  if (version !== undefined && !isVersion(resource, version)) {
    const text = `${type}.version ${visible(version)} must be up to 64 letters, digits and .+_- and begin with a letter or digit`
    issues.push(issue('value', { text, expression: `${type}.version` }))
  }
  return issues
}

const isVersion = ({ resourceType }: Resource, version: string): boolean =>
  plainVersion.test(version) || (resourceType === 'CodeSystem' && authorityVersion.test(version))

/** A text in quotes, what is not printed in ASCII written as escapes, and no more of it than a person reads. */
const visible = (text: string): string =>
  JSON.stringify(text.slice(0, 100)).replace(
    /[^ -~]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
