/** A budget whose clock goes on by one millisecond each time that it is read, and that counts the turns that others were given. */
import { type Budget, createBudget } from '../../src/workers/budget.ts'

/** Such a budget, and the turns so far. */
export function countedBudget(cpuMilliseconds = 1e9): { budget: Budget; turns(): number } {
  let time = 0
  let turns = 0
  const wait = async () => {
    turns++
  }
  const budget = createBudget({
    client: 'test',
    clock: () => time++,
    limits: { cpuMilliseconds, sliceMilliseconds: 20 },
    turns: { areWanted: () => false, wait },
  })
  return { budget, turns: () => turns }
}
