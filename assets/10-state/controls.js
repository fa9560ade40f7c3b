// Controls change the view, and the view changes controls. Into a control is written only what the view says
// anew of it: else a view from before the reader's choice would undo the choice, which is still on its way.
(function () {
  const root = window.dash_clientside;
  let said;
  root.cnn.atStart(() => (said = new Map()));

  // A callback by which controls change the view.
  function ofControls(choose) {
    return (...given) => {
      for (const { id, value } of root.callback_context.inputs_list) said.set(id, value);
      return choose(...given);
    };
  }

  // A callback by which the view changes controls. One that is mounted gets what the view says.
  function ofView(chosen) {
    return (...given) => {
      const { outputs_list: outputs, states_list: states, triggered } = root.callback_context;
      const isMounted = !triggered.some(({ prop_id }) => prop_id === "view.data");
      const news = (wanted, { id, property }) => {
        if (property !== "value") return wanted;
        const held = states.find((state) => state.id === id && state.property === "value")?.value ?? null;
        const says = wanted === root.no_update ? held : wanted;
        const isNew = isMounted || held === null || says !== said.get(id);
        said.set(id, says);
        return isNew ? wanted : root.no_update;
      };
      const values = chosen(...given);
      return Array.isArray(outputs) ? values.map((value, i) => news(value, outputs[i]))
        : news(values, outputs);
    };
  }

  root.cnn = { ...root.cnn, ofControls, ofView };
})();
