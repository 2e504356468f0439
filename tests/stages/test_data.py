import shutil


def test_what_a_reader_noticed_is_said_before_the_training(data_dir, tmp_path, configure, loaded, capsys):
    folder = tmp_path / "data"
    shutil.copytree(data_dir, folder)
    raw = folder / "uci" / "RawData"
    experiment = sorted(raw.glob("acc_exp*"))[-1].name.removeprefix("acc_")
    for sensor in ("acc", "gyro"):
        (raw / f"{sensor}_{experiment}").unlink()
    for _ in range(2):  # cut, and then from the cache
        loaded(configure(tmp_path, f"data_dir={folder}", "source=uci", "target=motionsense"))
        assert "Note: uci: experiment" in (said := capsys.readouterr().out) and "has labels but no signals" in said
