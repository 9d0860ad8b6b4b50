/** Runs cases over mutants, and tells which of them no case notices. */
import type { CompiledLibrary } from '../cql/translate/libraries.ts'
import type { RuleResult, RuleWorkshop } from '../rules.ts'
import type { RuleCase } from './case-file.ts'
import { inPlaceOf, type LibraryChange, runAgain } from './changed-libraries.ts'
import { judge } from './judge.ts'
import { linkedAgain, type Mutant } from './mutants.ts'
import type { Asked, Run } from './observed.ts'
import type { Site } from './sites.ts'

/** A case that is as it is expected to be, with what its rules are run over. */
export interface Trial {
  case: RuleCase
  run: Run
  /** Defines that are asked beside the rules, each as a source of its own. */
  defines: { name: string; asked: Asked }[]
  /** Steps that ran. */
  steps: ReadonlySet<string>
  /** How many times all steps ran together. */
  count: number
}

/** What became of a mutant. */
export interface Tried {
  mutant: Mutant
  /** Name of the first case that noticed it; undefined: none did. */
  noticedBy: string | undefined
  /** It used up what a case may cost. */
  isEndless: boolean
  /** Whether any case comes to the step that was changed. */
  isReached: boolean
}

/** What mutants are run with. */
export interface Laboratory {
  workshop: RuleWorkshop
  library: CompiledLibrary
  trials: readonly Trial[]
  /** Milliseconds of any clock that runs. */
  milliseconds(): number
  /** Time that one case may take over a mutant, in milliseconds. */
  caseMilliseconds: number
  /** Called after each. */
  onTried?(done: number, total: number): void
}

/** Runs each mutant over the cases that come to its step, until one notices. */
export async function tryMutants(mutants: readonly Mutant[], laboratory: Laboratory): Promise<Tried[]> {
  await control(laboratory)
  const tried: Tried[] = []
  const ever = new Set(laboratory.trials.flatMap(({ steps }) => [...steps]))
  // What noticed often is asked first.
  const noticed = new Map<Trial, number>()
  for (const mutant of mutants) {
    const step = toldStep(mutant.site, ever)
    const concerned = laboratory.trials.filter(({ steps }) => step === undefined || steps.has(step))
    const order = concerned.toSorted((a, b) => (noticed.get(b) ?? 0) - (noticed.get(a) ?? 0))
    const isReached = step === undefined || step === mutant.site.node.localId
    const { by, isEndless } = await tryOne(mutant, order, laboratory)
    if (by) noticed.set(by, (noticed.get(by) ?? 0) + 1)
    tried.push({ mutant, noticedBy: by?.case.name, isEndless, isReached })
    laboratory.onTried?.(tried.length, mutants.length)
  }
  return tried
}

/** Without a change nothing may be noticed: what makes every copy fail would look like good cases. */
async function control({ workshop, library, trials }: Laboratory): Promise<void> {
  const change = inPlaceOf(library, linkedAgain(library, library.elm))
  for (const trial of trials) {
    const [first] = await judgeAgain(trial, { workshop, change })
    if (first !== undefined) throw new Error(`a copy of ${library.canonical} without any change differs: ${first}`)
  }
}

/** The step itself, or the nearest around it, that any case tells of; undefined for what is no step of a define. */
function toldStep(site: Site, ever: ReadonlySet<string>): string | undefined {
  for (let each: Site | undefined = site; each; each = each.parent) {
    const { localId } = each.node
    if (typeof localId === 'string' && ever.has(localId)) return localId
  }
  return undefined
}

async function tryOne(
  mutant: Mutant,
  trials: readonly Trial[],
  laboratory: Laboratory,
): Promise<{ by?: Trial; isEndless: boolean }> {
  const { workshop, library } = laboratory
  let change: LibraryChange | undefined
  for (const trial of trials) {
    change ??= inPlaceOf(library, mutant.library())
    const budget = budgetOf(trial, laboratory)
    const found = await judgeAgain(trial, { workshop, change, step: budget.step })
    if (budget.isSpent() || found.length > 0) return { by: trial, isEndless: budget.isSpent() }
  }
  return { isEndless: false }
}

/** Runs a case once more, over changed libraries, and judges it. */
async function judgeAgain(
  { case: one, run, defines }: Trial,
  rerun: Parameters<typeof runAgain>[1],
): Promise<string[]> {
  const rules = [...run.listed, ...(await runAgain(run.asked, rerun))]
  const own = new Map<string, RuleResult>()
  for (const { name, asked } of defines) {
    const [result] = await runAgain([asked], rerun)
    if (result) own.set(name, result)
  }
  return judge(one, { decision: run.decide(rules), rules, defines: own })
}

/** So many times more steps than the rule itself takes, and some for a start. */
const steps = { times: 20, more: 50_000 }
/** Steps between two looks at the clock. */
const stepsPerLook = 512

class BudgetSpent extends Error {}

/** What a case may cost over a mutant: one that goes on for ever is ended where its next step is told. */
function budgetOf({ count }: Trial, { milliseconds, caseMilliseconds }: Laboratory) {
  const most = count * steps.times + steps.more
  const end = milliseconds() + caseMilliseconds
  let taken = 0
  let isSpent = false
  return {
    isSpent: () => isSpent,
    step() {
      taken++
      if (isSpent || taken > most || (taken % stepsPerLook === 0 && milliseconds() > end)) {
        isSpent = true
        throw new BudgetSpent('the mutant takes too long')
      }
    },
  }
}

/** Figures of what was tried. */
export interface MutationScore {
  made: number
  noticed: number
  equivalent: number
  /** Named as equivalent, and noticed all the same: its reason is wrong. */
  wronglyEquivalent: Tried[]
  survived: Tried[]
  /** Noticed of those that can be, from 0 to 1; 1 of none. */
  score: number
}

/** Counts what became of mutants. */
export function scoreOf(tried: readonly Tried[]): MutationScore {
  const isNamed = ({ mutant }: Tried) => mutant.equivalent !== undefined
  const isNoticed = ({ noticedBy }: Tried) => noticedBy !== undefined
  const counted = tried.filter((each) => !isNamed(each))
  const noticed = counted.filter(isNoticed).length
  return {
    made: tried.length,
    noticed,
    equivalent: tried.length - counted.length,
    wronglyEquivalent: tried.filter((each) => isNamed(each) && isNoticed(each)),
    survived: counted.filter((each) => !isNoticed(each)),
    score: counted.length === 0 ? 1 : noticed / counted.length,
  }
}
