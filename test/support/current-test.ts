import hooks, { AsyncLocalStorage, AsyncResource, type HookCallbacks } from 'node:async_hooks'

/** What `node:test` hears of an asynchronous resource when it is made. */
type Init = NonNullable<HookCallbacks['init']>

/**
 * Lets `node:test` know by the context of a call which test it belongs to.
 *
 * It has to know for `it`, `after` and the like that are called in a test, and for an error that nobody caught; and it follows every
 * promise, timer and handle of the process by hooks of `node:async_hooks` for it: half the time of what awaits much, as rules and maps do.
 * The context (`AsyncLocalStorage`) tells the same for nothing. So the one pair of hooks it asks for is never enabled; instead each test is
 * named to its `init` when its function is called, within a context of its own, and `executionAsyncId` tells the test of the context.
 *
 * To be called before `node:test` is loaded. Where it has been loaded, or asks otherwise, everything is as Node has it, only slower.
 */
export function knowCurrentTestByContext(): void {
  const { createHook, executionAsyncId } = hooks
  const current = new AsyncLocalStorage<number>()
  hooks.executionAsyncId = () => current.getStore() ?? executionAsyncId()
  hooks.createHook = (callbacks) => {
    const { init, destroy } = callbacks
    // Whatever else asks for hooks gets them.
    if (!init || !destroy || !isOfNodeTest(new Error().stack)) return createHook(callbacks)
    hooks.createHook = createHook
    nameTests(init, current)
    const standIn = { enable: () => standIn, disable: () => standIn }
    return standIn
  }
}

const isOfNodeTest = (stack = '') => stack.includes('node:internal/test_runner/')

/** Tests and suites are `AsyncResource`s, and Node calls their functions in the scope of each. */
function nameTests(init: Init, current: AsyncLocalStorage<number>): void {
  const { runInAsyncScope } = AsyncResource.prototype
  AsyncResource.prototype.runInAsyncScope = function <This, Result>(
    this: AsyncResource,
    fn: (this: This, ...args: unknown[]) => Result,
    thisArg?: This,
    ...args: unknown[]
  ): Result {
    if (!isTest(this)) return runInAsyncScope.call(this, fn as never, thisArg, ...args) as Result
    const id = this.asyncId()
    // `init` keeps tests, and what belongs to one: zero belongs to none.
    init(id, 'Test', 0, this)
    const inContext = (...given: unknown[]) => current.run(id, () => Reflect.apply(fn, thisArg, given))
    return runInAsyncScope.call(this, inContext as never, undefined, ...args) as Result
  }
}

/** Its class is `Test` of `node:test` or made of it: also `Suite`, `TestHook`. */
function isTest(resource: AsyncResource): boolean {
  for (let each = Object.getPrototypeOf(resource); each !== AsyncResource.prototype; each = Object.getPrototypeOf(each))
    if (each.constructor.name === 'Test') return true
  return false
}
