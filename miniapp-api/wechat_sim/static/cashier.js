// The cashier inside its frame: shows what WeChat verified, pays or cancels, and tells the page around it.
;(function () {
  'use strict'
  const told = JSON.parse(decodeURIComponent(location.hash.slice(1) || '%7B%7D'))
  const at = (id) => document.getElementById(id)

  function tell(result, text) {
    window.parent.postMessage({ source: 'wechat-sim', id: told.id, result: result, text: text || '' }, '*')
  }

  async function ask(path, more) {
    const body = JSON.stringify(Object.assign({ pay_params: told.pay_params }, more))
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: body })
    if (!answer.ok) throw new Error('HTTP ' + answer.status)
    return answer.json()
  }

  function refuse(text) {
    at('bill').hidden = true
    at('refused').hidden = false
    at('refused').textContent = text
    at('cancel').textContent = '返回'
    at('cancel').onclick = () => tell('fail', text)
  }

  async function act(word) {
    at('pay').disabled = true
    try {
      const found = await ask('/cashier/act', { act: word })
      if (found.refused) refuse(found.refused)
      else tell(found.result)
    } catch (error) {
      refuse('没有连上微信，请稍后再试（' + error.message + '）')
    }
  }

  async function open() {
    try {
      const bill = await ask('/cashier/open', {})
      if (bill.refused) return refuse(bill.refused)
      for (const name of ['payee', 'amount', 'description', 'payer']) at(name).textContent = bill[name]
      at('twice').hidden = !bill.is_paid_twice
      at('bill').hidden = false
      at('pay').focus()
    } catch (error) {
      refuse('没有连上微信，请稍后再试（' + error.message + '）')
    }
  }

  at('pay').onclick = () => act('pay')
  at('cancel').onclick = () => tell('cancel')
  document.onkeydown = (event) => event.key === 'Escape' && tell('cancel')
  open()
})()
