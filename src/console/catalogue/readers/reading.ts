/**
 * Reads what a server sent without trusting its shape: what is absent is empty, what is of another type than expected is left out and noted,
 * so that a page never breaks and never passes over anything silently. Knows nothing of the page.
 */

import { isMembers } from '../../api/parameters.ts'

/** Most places that are noted: a person reads no more. */
const mostOdd = 50

/** An object of JSON at a place, read member by member. */
export class Reading {
  readonly value: Readonly<Record<string, unknown>>
  /** Where it stands, e.g. `compose.include[0]`; empty at the top. */
  readonly path: string
  /** Places that were not understood, of this reading and of all below it. */
  readonly odd: Set<string>

  constructor(value: unknown, path = '', odd = new Set<string>()) {
    this.value = isMembers(value) ? value : {}
    this.path = path
    this.odd = odd
    if (value !== undefined && !isMembers(value)) this.note(path || '.')
  }

  /** Whether the member is there at all. */
  has(name: string): boolean {
    return Object.hasOwn(this.value, name)
  }

  /** A text; empty when there is none. */
  text(name: string): string {
    const found = this.member(name)
    if (typeof found === 'string') return found
    return this.without(name, found, '')
  }

  /** A text, number or truth as a text; empty when there is none. */
  plain(name: string): string {
    const found = this.member(name)
    if (typeof found === 'string') return found
    if (typeof found === 'number' || typeof found === 'boolean') return String(found)
    return this.without(name, found, '')
  }

  /** A number; undefined when there is none. */
  number(name: string): number | undefined {
    const found = this.member(name)
    if (typeof found === 'number') return found
    return this.without(name, found, undefined)
  }

  /** True or false; undefined when nothing is said. */
  flag(name: string): boolean | undefined {
    const found = this.member(name)
    if (typeof found === 'boolean') return found
    return this.without(name, found, undefined)
  }

  /** The texts of a list. */
  texts(name: string): string[] {
    return this.list(name).filter((each, index): each is string => {
      const isText = typeof each === 'string'
      // A null stands for a member that only has extensions.
      if (!isText && each !== null) this.note(`${this.place(name)}[${index}]`)
      return isText
    })
  }

  /** An object below this one; an empty one when there is none. */
  child(name: string): Reading {
    return new Reading(this.member(name), this.place(name), this.odd)
  }

  /** The objects of a list. */
  children(name: string): Reading[] {
    const found: Reading[] = []
    this.list(name).forEach((each, index) => {
      const at = `${this.place(name)}[${index}]`
      if (isMembers(each)) found.push(new Reading(each, at, this.odd))
      else if (each !== null) this.note(at)
    })
    return found
  }

  /** The member whose name begins with `value`, with its name; undefined for none, and for several: nobody knows which of them counts. */
  choice(stem: string): { name: string; value: unknown } | undefined {
    const isOf = (each: string) => each.startsWith(stem) && /^[A-Z]/.test(each.slice(stem.length))
    const [name, ...others] = Object.keys(this.value).filter(isOf)
    for (const each of others) this.note(this.place(each))
    return name === undefined || others.length > 0 ? undefined : { name, value: this.value[name] }
  }

  private member(name: string): unknown {
    return Object.hasOwn(this.value, name) ? (this.value[name] ?? undefined) : undefined
  }

  private list(name: string): unknown[] {
    const found = this.member(name)
    if (Array.isArray(found)) return found
    return this.without(name, found, [])
  }

  private without<T>(name: string, found: unknown, empty: T): T {
    if (found !== undefined) this.note(this.place(name))
    return empty
  }

  private place(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }

  private note(place: string): void {
    if (this.odd.size < mostOdd) this.odd.add(place.slice(0, 200))
  }
}

/** Languages of a text besides its own: https://hl7.org/fhir/R4/extension-translation.html. */
const translationUrl = 'http://hl7.org/fhir/StructureDefinition/translation'

/** A text in a language where it has been translated, else as it stands. @param language BCP 47; `pt-BR` is served by `pt` */
export function translated(reading: Reading, name: string, language: string): string {
  const stem = (tag: string) => tag.toLowerCase().split('-')[0]
  for (const each of reading.child(`_${name}`).children('extension')) {
    if (each.text('url') !== translationUrl) continue
    const parts = each.children('extension')
    const part = (url: string) => parts.find((one) => one.text('url') === url)
    const tag = part('lang')?.choice('value')?.value
    const content = part('content')?.choice('value')?.value
    if (typeof tag === 'string' && typeof content === 'string' && stem(tag) === stem(language)) return content
  }
  return reading.text(name)
}
