/** Scopes of systems (SMART App Launch 2.2, "Scopes for requesting FHIR Resources"; version 1 spelt as `system/X.read`). */
import type { Permission } from '../fhir/principal.ts'

/** What a scope permits with a resource type, `*` for every type. */
export interface Scope {
  type: string
  permissions: readonly Permission[]
}

const LETTERS: Readonly<Record<string, Permission>> = {
  c: 'create',
  r: 'read',
  u: 'update',
  d: 'delete',
  s: 'search',
}
/** Version 1 in the letters of version 2. */
const WORDS: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' }
const SCOPE = /^system\/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|(?=[cruds])c?r?u?d?s?)$/

/** Reads one scope; undefined when it is none of a system, or one that is narrowed by a query, which is not understood here. */
export function readScope(text: string): Scope | undefined {
  const [, type, given] = SCOPE.exec(text) ?? []
  if (type === undefined || given === undefined) return undefined
  const permissions = [...(WORDS[given] ?? given)].flatMap((letter) => LETTERS[letter] ?? [])
  return { type, permissions }
}

/** The scopes of a list that is separated by blanks (RFC 6749, 3.3); those that are not understood permit nothing. */
export const readScopes = (text: string): Scope[] =>
  text
    .split(' ')
    .slice(0, MOST_SCOPES)
    .flatMap((each) => readScope(each) ?? [])

const MOST_SCOPES = 500

/** What both lists permit, the spelling of version 2. */
export function commonScopes(asked: readonly Scope[], registered: readonly Scope[]): Scope[] {
  const found = new Map<string, Set<Permission>>()
  for (const one of asked)
    for (const other of registered) {
      const type = one.type === '*' ? other.type : one.type
      if (other.type !== '*' && other.type !== type) continue
      const both = one.permissions.filter((each) => other.permissions.includes(each))
      if (both.length === 0) continue
      const permissions = found.get(type) ?? new Set()
      for (const each of both) permissions.add(each)
      found.set(type, permissions)
    }
  return [...found].map(([type, permissions]) => ({ type, permissions: [...permissions] }))
}

/** A scope as version 2 spells it. */
export function scopeText({ type, permissions }: Scope): string {
  const letters = Object.entries(LETTERS).filter(([, permission]) => permissions.includes(permission))
  return `system/${type}.${letters.map(([letter]) => letter).join('')}`
}

/** Whether scopes permit something with a type; of `*` alone every type. */
export const permitsBy =
  (scopes: readonly Scope[]) =>
  (permission: Permission, type: string): boolean =>
    scopes.some((each) => (each.type === '*' || each.type === type) && each.permissions.includes(permission))
