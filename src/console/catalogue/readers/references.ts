/** What an artefact names: canonicals in members that name others. */

import { isMembers } from '../../api/parameters.ts'

/** Members whose texts are canonicals. */
const members = new Set([
  'system',
  'valueSet',
  'library',
  'resource',
  'import',
  'supplements',
  'source',
  'target',
  'sourceUri',
  'sourceCanonical',
  'targetUri',
  'targetCanonical',
  'definitionCanonical',
  'definitionUri',
  'transform',
  'baseDefinition',
  'profile',
  'targetProfile',
  'reference',
])
/** Members of whose objects `url` is a canonical. */
const withUrl = new Set(['structure', 'unmapped'])
/** Members that are not content, or name identifiers and codes of people. */
const passedOver = new Set([
  'meta',
  'text',
  'contained',
  'extension',
  'modifierExtension',
  'identifier',
  'contact',
  'useContext',
  'code',
  'jurisdiction',
])

/** Most that are named. */
const most = 500

/** Canonicals that a resource names, in the order in which they stand in it, each once; itself aside. */
export function canonicalsIn(resource: unknown): string[] {
  const found = new Set<string>()
  const own = isMembers(resource) ? resource.url : undefined
  const waiting: { value: unknown; name: string }[] = [{ value: resource, name: '' }]
  for (let each = waiting.pop(); each && found.size < most; each = waiting.pop()) {
    const { value, name } = each
    if (typeof value === 'string') {
      if (isCanonical(value) && value !== own) found.add(value)
    } else if (Array.isArray(value)) {
      for (const item of value.toReversed()) waiting.push({ value: item, name })
    } else if (isMembers(value)) waiting.push(...below(value, name))
  }
  return [...found]
}

function below(value: Record<string, unknown>, name: string): { value: unknown; name: string }[] {
  return Object.entries(value)
    .filter(([member, held]) => {
      if (passedOver.has(member) || member.startsWith('_')) return false
      if (typeof held === 'object') return !isTexts(held) || members.has(member)
      return members.has(member) || (member === 'url' && withUrl.has(name))
    })
    .map(([member, held]) => ({ value: held, name: member }))
    .reverse()
}

const isTexts = (value: unknown) => Array.isArray(value) && value.some((each) => typeof each === 'string')

/** Whether a text can be the canonical of an artefact: an absolute uri without white space. */
export const isCanonical = (text: string): boolean => /^(?:https?:\/\/|urn:)[^\s<>"{}\\^`]{1,2000}$/.test(text)

/** Whether a browser may follow a text as a link: an address of the web, and nothing that runs. */
export const isWebAddress = (text: string): boolean => /^https?:\/\/[^\s<>"]{1,2000}$/.test(text) && URL.canParse(text)

/** Splits `url|version`. */
export function splitCanonical(canonical: string): { url: string; version: string } {
  const at = canonical.lastIndexOf('|')
  return at < 0 ? { url: canonical, version: '' } : { url: canonical.slice(0, at), version: canonical.slice(at + 1) }
}
