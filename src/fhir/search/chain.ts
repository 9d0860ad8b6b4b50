/** Chained parameters and their reverse (https://hl7.org/fhir/R4/search.html#chaining, #has). */
import { badRequest, type FhirError } from '../error.ts'
import type { LinkCondition, SearchCondition } from './condition.ts'
import { parseCondition, splitModifier } from './parse-condition.ts'
import { isSearchableType, type SearchParameter, searchableTypes, searchParameters } from './search-parameters.ts'

/** What a chain is read with, see `SearchOptions`. */
export interface LinkOptions {
  base?: string
  onlyNamed?: readonly string[]
}

/** Most steps of one chain; each is a join of the whole store with itself. */
export const mostSteps = 4

/** Most joins of one parameter: a chain that does not name its types joins many. */
export const mostLinks = 40

/**
 * The condition of a chained parameter (`library.name`, `target:ValueSet.url`) or of `_has:Type:parameter:…`, which may follow each
 * other. A chain that does not name its type means every type that has the parameter after the dot.
 * @param name as sent, the modifier of the last parameter included
 * @throws FhirError 400 for a type, parameter or value that is not known: to pass it over would let everything through
 */
export function linkedCondition(type: string, name: string, value: string, options: LinkOptions = {}): SearchCondition {
  return new LinkReader(options, short(name)).read(type, name, value)
}

class LinkReader {
  readonly #options: LinkOptions
  /** As shown in errors. */
  readonly #name: string
  #steps = 0
  #links = 0

  constructor(options: LinkOptions, name: string) {
    this.#options = options
    this.#name = name
  }

  read(type: string, name: string, value: string): SearchCondition {
    if (this.#steps > mostSteps) throw this.#refuse(`has more than ${mostSteps} steps`, 'too-costly')
    if (name.startsWith('_has:')) return this.#reverse(type, name, value)
    const dot = name.indexOf('.')
    if (dot >= 0) return this.#chain(type, [name.slice(0, dot), name.slice(dot + 1)], value)
    const [base] = splitModifier(name)
    const parameter = searchParameters(type).get(base)
    if (!parameter) throw this.#unknown(type, base)
    return parseCondition(parameter, name, value, this.#options)
  }

  #chain(type: string, [link, rest]: [string, string], value: string): SearchCondition {
    const [by, named] = splitModifier(link)
    const parameter = linkParameter(type, by)
    if (!parameter) throw this.#refuse(`names "${short(by)}", which is no reference of ${type}`)
    if (named !== undefined && !isSearchableType(named))
      throw this.#refuse(`names "${short(named)}", a type not held here`)
    const [next = ''] = rest.split(/[.:]/)
    const types = named === undefined ? joinableTypes(parameter, next, this.#options) : [named]
    if (types.length === 0) throw this.#refuse(`names "${short(next)}", which no type has that need not be named`)
    this.#steps++
    const links = types.map((refersTo) => this.#link({ refersTo, by, meeting: [this.read(refersTo, rest, value)] }))
    this.#steps--
    const [only] = links
    return links.length === 1 && only ? only : { any: links }
  }

  #reverse(type: string, name: string, value: string): SearchCondition {
    const [, referredBy = '', by = '', ...after] = name.split(':')
    if (!isSearchableType(referredBy)) throw this.#refuse(`names "${short(referredBy)}", a type not held here`)
    if (!linkParameter(referredBy, by))
      throw this.#refuse(`names "${short(by)}", which is no reference of ${referredBy}`)
    if (after.length === 0) throw this.#refuse('names no parameter: _has:Type:reference:parameter is wanted')
    this.#steps++
    const met = this.read(referredBy, after.join(':'), value)
    this.#steps--
    if (!isSearchableType(type)) throw this.#unknown(type, name)
    return this.#link({ referredBy, by, meeting: [met] })
  }

  #link(link: LinkCondition): LinkCondition {
    if (++this.#links > mostLinks)
      throw this.#refuse(`joins more than ${mostLinks} types: name them, as in library:Library.name`, 'too-costly')
    const { base } = this.#options
    return base === undefined ? link : { ...link, base }
  }

  #unknown(type: string, parameter: string): FhirError {
    return this.#refuse(`names "${short(parameter)}", which is no search parameter of ${type}`)
  }

  #refuse(why: string, code: 'invalid' | 'too-costly' = 'invalid'): FhirError {
    return badRequest({ text: `The search parameter ${this.#name} ${why}.`, expression: `http.${this.#name}` }, code)
  }
}

/** A text of anybody as it may stand in an error. */
const short = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 60) + (text.length > 60 ? '…' : '')

/** The parameter by which a resource of a type refers to others: a reference, or a canonical that R4 types as uri. */
export function linkParameter(type: string, name: string): SearchParameter | undefined {
  const parameter = searchParameters(type).get(name)
  return parameter?.type === 'reference' || parameter?.type === 'uri' ? parameter : undefined
}

/** Types that a reference may join which have a parameter, or all for `_has`; without those that must be named. */
export function joinableTypes(link: SearchParameter, parameter: string, { onlyNamed = [] }: LinkOptions): string[] {
  return (link.target ?? link.joins ?? searchableTypes).filter(
    (each) =>
      isSearchableType(each) &&
      !onlyNamed.includes(each) &&
      (parameter === '_has' || searchParameters(each).has(parameter)),
  )
}
