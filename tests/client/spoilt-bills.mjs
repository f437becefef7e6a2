/** What the simulator is told to change in the bills of a day, and by which word and number the desk should find it. */

/** The simulator's name of a change, and the desk's word for the difference that it makes. */
export const FOUND_AS = {
  missing_row: '账本多记',
  extra_row: '账本少记',
  amount_diff: '金额不符',
  fee_diff: '手续费不符',
  refund_missing: '退款不符',
  refund_extra: '退款不符',
  refund_amount: '退款不符',
  flow_missing_row: '资金账户不符',
  flow_extra_row: '资金账户不符',
  flow_amount_diff: '金额不符',
}
const OF_REFUNDS = Object.keys(FOUND_AS).filter((name) => name.startsWith('refund_'))
const OF_PAYMENTS = Object.keys(FOUND_AS).filter((name) => !OF_REFUNDS.includes(name))

/** Aim each kind of change at a payment or refund of its own, `times` over; the bills are then spoilt whenever they are drawn. */
export async function spoil(simulator, dice, times) {
  const { trades } = await simulator.sim('trades')
  const { refunds } = await simulator.sim('refunds')
  const back = refunds.map((row) => row.out_refund_no)
  const given = new Set(refunds.map((row) => row.out_trade_no))
  const paid = trades.filter((row) => row.paid_at && !given.has(row.out_trade_no)).map((row) => row.out_trade_no)
  const aims = {}
  for (let turn = 0; turn < times; turn += 1) {
    for (const name of OF_REFUNDS) aims[`bill.${name}@${taken(back, dice)}`] = 1
    for (const name of OF_PAYMENTS) aims[`bill.${name}@${taken(paid, dice)}`] = 1
  }
  await simulator.sim('knobs', aims)
  return Object.keys(aims)
}

function taken(list, dice) {
  if (!list.length) throw new Error('too few payments or refunds to spoil')
  return list.splice(dice.between(0, list.length - 1), 1)[0]
}

/** What was changed, as the desk should tell it: number and word. */
export async function changes(simulator) {
  const { differences } = await simulator.sim('differences')
  return Object.values(differences).flat().map((row) => `${row.out_refund_no || row.out_trade_no} ${FOUND_AS[row.kind]}`).sort()
}

/** What stands in the desk's list of a day: number and word of each difference, all pages of it. */
export async function listed(phone) {
  const more = phone.page.getByRole('button', { name: '更多' }).filter({ visible: true })
  while (await more.count()) await more.first().click()
  const rows = await phone.page.locator('.row', { hasText: /订单号|退款单号/ }).filter({ visible: true }).allInnerTexts()
  return rows.map((text) => {
    const number = /退款单号\s*(\S+)/.exec(text)?.[1] ?? /订单号\s*(\S+)/.exec(text)?.[1]
    return `${number} ${text.trim().split(/\s*·\s*/)[0]}`
  }).sort()
}
