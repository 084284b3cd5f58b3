/**
 * The answer to a partly refused request: every element in the order asked, the broker's answer where there is one and the refusal
 * where there is not. An element asked twice takes two answers, if the broker gave two.
 */
export function inRequestOrder<Asked, Answered>(
  asked: readonly Asked[],
  answered: readonly Answered[],
  rules: {
    isSame(answer: Answered, element: Asked): boolean
    /** The refusal of an element that did not go on; undefined when it did. A list, since some refusals are said once only. */
    refused(element: Asked, index: number): readonly Answered[] | undefined
  },
): Answered[] {
  const left = [...answered]
  return asked.flatMap((element, index): readonly Answered[] => {
    const refused = rules.refused(element, index)
    if (refused !== undefined) return refused
    const at = left.findIndex((answer) => rules.isSame(answer, element))
    return at < 0 ? [] : left.splice(at, 1)
  })
}
