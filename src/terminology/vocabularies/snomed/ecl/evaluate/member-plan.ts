/** Members of reference sets, their fields and the filters of them; history supplements (ECL 2.2, 6.1, 6.10 and 6.11). */
import type { Steps } from '../../../../../workers/budget.ts'
import { united } from '../../../../code-system/ordinals.ts'
import type { SnomedMember, SnomedRefset } from '../../content.ts'
import { BitSet } from './bit-set.ts'
import { type EclContext, type EclPlan, isIn, remembered } from './plan.ts'

/** A test of a member by a filter; `field` is the field it reads, which a reference set may lack. */
export interface MemberTest {
  field?: { name: string; at: number }
  /** What it costs beyond a look, in steps; absent where that is little. */
  price?: number
  test(member: SnomedMember, refset: SnomedRefset): boolean
}

/** Field that every reference set has. */
export const componentField = 'referencedComponentId'

/** Value of a field of a member. */
export function fieldOf(member: SnomedMember, refset: SnomedRefset, name: string): string {
  return name === componentField ? member.component : (member.values[refset.fields.indexOf(name)] ?? '')
}

/** Whether a reference set has a field. */
export const hasField = (refset: SnomedRefset, name: string): boolean =>
  name === componentField || refset.fields.includes(name)

/** What is asked of reference sets. */
export interface Membership {
  /** Reference sets; undefined for all there are. */
  refsets: EclPlan | undefined
  /** The field that is answered. */
  field: string
  /** Undefined without filters: then active members count. */
  filters: readonly MemberTest[] | undefined
  /** @throws EclError for a set of reference sets none of which has what is asked for */
  check(refsets: readonly SnomedRefset[]): void
}

/** Concepts that members of reference sets name in a field. */
export function memberPlan(context: EclContext, membership: Membership): EclPlan {
  const { content } = context
  const { field, filters } = membership
  let sets: SnomedRefset[] | undefined
  const refsets = () => {
    if (sets) return sets
    const ordinals = membership.refsets ? context.cost.membersAtOnce(membership.refsets) : content.refsets
    const found = [...ordinals].flatMap((each) => content.refset(each) ?? [])
    membership.check(found)
    sets = found
    return found
  }
  const isPlain = field === componentField && filters === undefined
  const passes = (member: SnomedMember, refset: SnomedRefset) =>
    filters ? filters.every((each) => hasNeeded(each, refset) && each.test(member, refset)) : member.isActive
  const price = (filters ?? []).reduce((total, each) => total + (each.price ?? 0), priceOfMember)
  const plan = remembered(context.cost, {
    get atMost() {
      return content.count
    },
    price: isPlain ? 2 : 10,
    whole: content.count * 5,
    has(concept) {
      if (concept < 0) return false
      if (isPlain) return refsets().some((refset) => isIn(refset.members, concept))
      return refsets().some((refset) => {
        if (field !== componentField && !refset.finds(field)) context.cost.spend(refset.size * priceOfMember)
        const members = field === componentField ? refset.of(concept) : refset.withValue(field, content.idOf(concept))
        context.cost.spend(members.length * price)
        return members.some((each) => passes(each, refset))
      })
    },
    // Reference sets list concepts of the release: whether what is put together of them was to be listed, nobody can tell.
    matches: () => undefined,
    *all() {
      if (membership.refsets) yield* membership.refsets.all()
      if (isPlain)
        return union(
          refsets().map((each) => each.members),
          content.count,
        )
      return yield* matching(context, refsets(), { field, passes, price })
    },
  })
  return plan
}

const hasNeeded = ({ field }: MemberTest, refset: SnomedRefset) => !field || hasField(refset, field.name)

function union(lists: readonly Int32Array[], count: number): Int32Array {
  const [only, ...others] = lists
  if (only && others.length === 0) return only
  const joined = new Int32Array(lists.reduce((total, list) => total + list.length, 0))
  let at = 0
  for (const list of lists) {
    joined.set(list, at)
    at += list.length
  }
  return united(joined, count)
}

const priceOfMember = 20

interface MemberSearch {
  field: string
  passes: (member: SnomedMember, refset: SnomedRefset) => boolean
  /** Steps for each member. */
  price?: number
}

function* matching(
  { content, cost }: EclContext,
  refsets: readonly SnomedRefset[],
  { field, passes, price = priceOfMember }: MemberSearch,
): Steps<Int32Array> {
  const found = new BitSet(content.count)
  for (const refset of refsets) {
    if (!hasField(refset, field)) continue
    for (const member of refset.all()) {
      if (passes(member, refset)) {
        const concept = content.ordinalOf(fieldOf(member, refset, field))
        if (concept >= 0) found.add(concept)
      }
      if (cost.took(price)) yield
    }
  }
  return found.list()
}

/** Reference sets of historical associations: all of them stand below this one. */
const HISTORICAL = '900000000000522004'
const PROFILES = {
  MIN: ['900000000000527005'],
  MOD: ['900000000000527005', '900000000000526001', '900000000000528000', '1186924009'],
  // Where a release has no concept above them: POSSIBLY EQUIVALENT TO, MOVED TO, MOVED FROM, REPLACED BY, SAME AS, WAS A,
  // SIMILAR TO, ALTERNATIVE, REFERS TO, PARTIALLY EQUIVALENT TO.
  MAX: [
    '900000000000523009',
    '900000000000524003',
    '900000000000525002',
    '900000000000526001',
    '900000000000527005',
    '900000000000528000',
    '900000000000529008',
    '900000000000530003',
    '900000000000531004',
    '1186924009',
  ],
} as const

/** Ordinals of the reference sets of a profile, as far as the release has them. */
export function historyRefsets({ content }: EclContext, profile: keyof typeof PROFILES): Int32Array {
  const top = profile === 'MAX' ? content.ordinalOf(HISTORICAL) : -1
  if (top >= 0) return content.hierarchy.descendants(top)
  return Int32Array.from(PROFILES[profile].map((id) => content.ordinalOf(id)).filter((each) => each >= 0)).sort()
}

const target = 'targetComponentId'

/** A set with what its members replace: concepts that active members of the reference sets associate with one of them. */
export function historyPlan(context: EclContext, base: EclPlan, refsets: () => Int32Array): EclPlan {
  const { content, cost } = context
  const sets = () =>
    [...refsets()].flatMap((each) => content.refset(each) ?? []).filter((each) => hasField(each, target))
  const isReplaced = (member: SnomedMember, refset: SnomedRefset) => {
    const by = member.isActive ? content.ordinalOf(fieldOf(member, refset, target)) : -1
    return by >= 0 && base.has(by)
  }
  return remembered(cost, {
    atMost: content.count,
    price: base.price * 2 + 10,
    get whole() {
      return base.whole + content.count
    },
    has: (concept) =>
      base.has(concept) ||
      (concept >= 0 && sets().some((refset) => refset.of(concept).some((each) => isReplaced(each, refset)))),
    matches: (subject) => base.matches(subject),
    *all() {
      const members = yield* base.all()
      const passes = (member: SnomedMember, refset: SnomedRefset) => {
        const by = member.isActive ? content.ordinalOf(fieldOf(member, refset, target)) : -1
        return by >= 0 && isIn(members, by)
      }
      const replaced = yield* matching(context, sets(), { field: componentField, passes })
      cost.spend(members.length + replaced.length)
      return union([members, replaced], content.count)
    },
  })
}
